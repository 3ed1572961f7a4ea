package dev.lapse.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lapse.outbox.OutboxIdentities;
import dev.lapse.support.EventConsumer;
import dev.lapse.support.EventConsumer.Event;
import dev.lapse.support.Outbox;
import dev.lapse.support.Servers;
import dev.lapse.support.TestDatabase;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * While versions are mixed, one that does not know all that a position says publishes nothing and
 * leaves the lead to one that does.
 */
class TwoVersionsIT {

  private final TestDatabase database = TestDatabase.migrated();
  private final Outbox outbox = new Outbox(database);
  private final String name = TestRelay.freshName();
  private final TestRelay relay = TestRelay.of(database, name, 500);
  private final EventConsumer consumer = relay.consumer();

  @AfterEach
  void stop() {
    consumer.close();
    relay.close();
    database.close();
  }

  @Test
  void anOlderVersionLeavesANewerPositionAlone() throws Exception {
    outbox.append(10, "a");
    relay.drain();
    String known = position();
    write(known.replace("{\"publishedId\":", "{\"lanes\":4,\"publishedId\":"));
    relay.step.recover(new IllegalStateException("as after any failure"));
    outbox.append(10, "a");

    for (int trial = 0; trial < 2; trial++) {
      assertThatThrownBy(this::runUntilItThrows)
          .isInstanceOf(UnreadablePositionException.class)
          .hasMessageContaining(name + ".position")
          .hasMessageContaining("lanes")
          .hasMessageContaining("run that version")
          .satisfies(failure -> relay.step.recover((Exception) failure));
      assertThat(relay.step.status().leading()).isFalse();
      assertThat(members()).isZero();
    }
    assertThat(consumer.await(10)).hasSize(10);

    write(known); // as the newer one would once it is rolled back, too
    relay.drain();
    assertThat(consumer.await(20)).hasSize(20).extracting(Event::id).doesNotHaveDuplicates();
  }

  private void runUntilItThrows() throws Exception {
    for (int cycle = 0; cycle < 1000; cycle++) {
      relay.step.runOnce();
    }
  }

  private String position() throws Exception {
    try (Admin admin = admin()) {
      PositionTopic.Kept last = relay.positionTopic.last(admin).orElseThrow();
      return new String(
          relay
              .positionTopic
              .record(
                  last.position(),
                  new OutboxIdentities(database.serviceJdbc()).of(relay.settings.name()),
                  java.time.Instant.now())
              .value(),
          StandardCharsets.UTF_8);
    }
  }

  private void write(String position) throws Exception {
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(
            Map.of(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, Servers.kafka().bootstrapServers()),
            new ByteArraySerializer(),
            new ByteArraySerializer())) {
      producer
          .send(
              new ProducerRecord<>(
                  name + ".position",
                  0,
                  name.getBytes(StandardCharsets.UTF_8),
                  position.getBytes(StandardCharsets.UTF_8)))
          .get();
    }
  }

  private int members() throws Exception {
    try (Admin admin = admin()) {
      return admin
          .describeConsumerGroups(Set.of(name))
          .all()
          .get()
          .values()
          .iterator()
          .next()
          .members()
          .size();
    }
  }

  private static Admin admin() {
    return Admin.create(
        Map.of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, Servers.kafka().bootstrapServers()));
  }
}
