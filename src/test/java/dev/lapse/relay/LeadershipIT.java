package dev.lapse.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lapse.support.EventConsumer;
import dev.lapse.support.EventConsumer.Event;
import dev.lapse.support.KafkaChanges;
import dev.lapse.support.Outbox;
import dev.lapse.support.Servers;
import dev.lapse.support.TestDatabase;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Several instances of one name publish everything once; if the one that leads goes, another does.
 */
class LeadershipIT {

  private final TestDatabase database = TestDatabase.migrated();
  private final Outbox outbox = new Outbox(database);
  private final String name = TestRelay.freshName();
  private final TestRelay one = TestRelay.of(database, name, 500);
  private final TestRelay two = TestRelay.of(database, name, 500);
  private final EventConsumer consumer = one.consumer();

  @AfterEach
  void stop() {
    consumer.close();
    one.close();
    two.close();
    database.close();
  }

  @Test
  void oneLeadsWhileTheOtherStandsBy() throws Exception {
    one.drain();
    for (int round = 1; round <= 10; round++) {
      outbox.append(3, "a");
      one.step.runOnce();
      two.step.runOnce();

      assertThat(one.step.status().leading()).isTrue();
      assertThat(two.step.status().leading()).isFalse();
    }

    assertThat(consumer.await(30)).hasSize(30);
  }

  @Test
  void oneLeadsEvenWhereThePositionTopicHasMorePartitions() throws Exception {
    try (Admin admin = admin()) {
      KafkaChanges.create(admin, new NewTopic(name + ".position", 3, (short) 1));
    }
    one.drain();
    runBoth(() -> !two.step.status().leading() && assignedToBoth(), 25);
    outbox.append(3, "a");

    for (int round = 1; round <= 25; round++) {
      one.step.runOnce();
      two.step.runOnce();
      assertThat(one.step.status().leading() && two.step.status().leading()).isFalse();
    }

    assertThat(consumer.await(3)).hasSize(3);
  }

  @Test
  void aLeaderThatLeavesIsSucceededAtOnce() throws Exception {
    outbox.append(10, "a");
    one.drain();
    two.step.runOnce();
    outbox.append(10, "b");

    one.close();
    long left = System.nanoTime();
    while (!two.step.status().leading()) {
      two.step.runOnce();
    }

    assertThat(Duration.ofNanos(System.nanoTime() - left))
        .as("sooner than by the session's end")
        .isLessThan(one.settings.sessionTimeout());
    two.drain();
    assertThat(consumer.await(20)).hasSize(20).extracting(Event::id).doesNotHaveDuplicates();
  }

  @Test
  void aZombiePublishesNothingAndStandsBy() throws Exception {
    outbox.append(10, "a");
    one.drain();
    try (Admin admin = admin();
        Term successor =
            two.takeOver.begin(admin, progress -> {})) { // while the first still thinks it leads
      outbox.append(10, "b");

      assertThatThrownBy(() -> runUntilItThrows(one))
          .isInstanceOfAny(ProducerFencedException.class, InvalidProducerEpochException.class)
          .satisfies(fenced -> one.step.recover((Exception) fenced));

      assertThat(one.step.status().leading()).isFalse();
      consumer.poll(Duration.ofSeconds(1));
      assertThat(consumer.received()).hasSize(10);
      assertThat(successor.runOnce().published()).isEqualTo(10);
    }
    assertThat(consumer.await(20)).hasSize(20).extracting(Event::id).doesNotHaveDuplicates();
  }

  /** As after a stop-the-world pause in the middle of a page: sent, but not committed. */
  @Test
  void whatAZombieHasSentAlreadyIsNotPublished() throws Exception {
    one.drain();
    try (Admin admin = admin();
        EventPublisher zombie = one.publisher.apply(admin)) {
      outbox.append(10, "a");
      var page = one.reader.read(one.positionTopic.last(admin).orElseThrow().position());
      zombie.send(page.records(), page.database().time(), record -> false);
      try (Term successor = two.takeOver.begin(admin, progress -> {})) {
        assertThat(successor.runOnce().published()).isEqualTo(10);
        assertThatThrownBy(() -> zombie.commit(page.next(), page.database().time()))
            .isInstanceOfAny(ProducerFencedException.class, InvalidProducerEpochException.class);
      }
    }
    assertThat(consumer.await(10)).hasSize(10);
  }

  @Test
  void findsItsPositionBehindAForeignTransactionOpenInThePositionTopic() throws Exception {
    outbox.append(10, "a");
    one.drain();
    outbox.append(10, "b");
    try (KafkaProducer<byte[], byte[]> foreign = foreignProducer(Duration.ofSeconds(5))) {
      foreign.beginTransaction();
      foreign.send(new ProducerRecord<>(name + ".position", 0, new byte[1], new byte[1])).get();
      one.step.runOnce(); // commits a position that the foreign transaction hides
      one.close();

      // Kafka ends the foreign transaction after a while; until then there is no going on.
      two.drain();
    }

    assertThat(consumer.await(20)).hasSize(20).extracting(Event::id).doesNotHaveDuplicates();
  }

  private static void runUntilItThrows(TestRelay relay) throws Exception {
    for (int cycle = 0; cycle < 100; cycle++) {
      relay.step.runOnce();
    }
  }

  private void runBoth(BooleanSupplier condition, int cycles) throws Exception {
    for (int cycle = 0; cycle < cycles || !condition.getAsBoolean(); cycle++) {
      one.step.runOnce();
      two.step.runOnce();
    }
  }

  private boolean assignedToBoth() {
    try (Admin admin = admin()) {
      return admin.describeConsumerGroups(Set.of(name)).all().get().values().stream()
              .flatMap(group -> group.members().stream())
              .filter(member -> !member.assignment().topicPartitions().isEmpty())
              .count()
          == 2;
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private static Admin admin() {
    return Admin.create(
        Map.of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, Servers.kafka().bootstrapServers()));
  }

  private static KafkaProducer<byte[], byte[]> foreignProducer(Duration timeout) {
    KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(
            Map.of(
                ProducerConfig.BOOTSTRAP_SERVERS_CONFIG,
                Servers.kafka().bootstrapServers(),
                ProducerConfig.TRANSACTIONAL_ID_CONFIG,
                "foreign-" + TestRelay.freshName(),
                ProducerConfig.TRANSACTION_TIMEOUT_CONFIG,
                (int) timeout.toMillis()),
            new ByteArraySerializer(),
            new ByteArraySerializer());
    producer.initTransactions();
    return producer;
  }
}
