package dev.lapse.relay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lapse.support.EventConsumer;
import dev.lapse.support.EventConsumer.Event;
import dev.lapse.support.KafkaChanges;
import dev.lapse.support.Logged;
import dev.lapse.support.Outbox;
import dev.lapse.support.Servers;
import dev.lapse.support.TestDatabase;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Where the position is lost, or the outbox begins anew, nothing is lost of the outbox. */
class LostPositionIT {

  private final TestDatabase database = TestDatabase.migrated();
  private final Outbox outbox = new Outbox(database);
  private final String name = TestRelay.freshName();
  private final TopicPartition position = new TopicPartition(name + ".position", 0);
  private Admin admin;
  private EventConsumer consumer;

  @BeforeEach
  void start() {
    admin =
        Admin.create(
            Map.of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, Servers.kafka().bootstrapServers()));
    // Of one topic: a pattern's consumer begins anew when a topic of the pattern comes or goes.
    consumer = EventConsumer.ofTopics(Servers.kafka().bootstrapServers(), Set.of(name + ".noted"));
  }

  @AfterEach
  void stop() {
    consumer.close();
    admin.close();
    database.close();
  }

  @Test
  void goesOnFromTheCheckpointWhenThePositionTopicWasDeleted() throws Exception {
    outbox.append(10, "a");
    publish();
    outbox.append(10, "b");
    KafkaChanges.delete(admin, position.topic());

    List<String> warnings = publish();

    assertThat(received(20)).isEqualTo(20);
    assertThat(warnings)
        .singleElement()
        .asString()
        .contains("Resuming from an earlier position", "position topic");
  }

  @Test
  void goesOnFromTheCheckpointWhenThePositionTopicHoldsNothing() throws Exception {
    outbox.append(10, "a");
    publish();
    outbox.append(10, "b");
    KafkaChanges.delete(admin, position.topic());
    KafkaChanges.create(admin, new NewTopic(position.topic(), 1, (short) 1));

    List<String> warnings = publish();

    assertThat(received(20)).isEqualTo(20);
    assertThat(warnings)
        .singleElement()
        .asString()
        .contains("Resuming from an earlier position", "position topic");
  }

  @Test
  void recoversWhenThePositionTopicIsDeletedUnderIt() throws Exception {
    try (TestRelay relay = TestRelay.of(database, name, 500)) {
      outbox.append(10, "a");
      relay.drain();
      KafkaChanges.delete(admin, position.topic());
      outbox.append(10, "b");

      runUntilReceived(relay, 20);
    }
    assertThat(received(20)).isEqualTo(20);
  }

  @Test
  void recoversWhenThePositionTopicIsDeletedUnderItAndItLosesTheLead() throws Exception {
    try (TestRelay relay = TestRelay.of(database, name, 500)) {
      outbox.append(10, "a");
      relay.drain();
      KafkaChanges.delete(admin, position.topic());
      while (relay.step.status().leading()) {
        relay.step.runOnce();
      }
      outbox.append(10, "b");

      runUntilReceived(relay, 20);
    }
    assertThat(received(20)).isEqualTo(20);
  }

  @Test
  void recoversWhenAnEventTopicIsDeletedUnderIt() throws Exception {
    try (TestRelay relay = TestRelay.of(database, name, 500)) {
      outbox.append(10, "a");
      relay.drain();
      consumer.await(10);
      KafkaChanges.delete(admin, name + ".noted");
      outbox.append(10, "b");

      runUntilReceived(relay, 20);
    }
    assertThat(received(20)).isEqualTo(20);
  }

  @Test
  void losesNothingWhenTheOutboxIsTruncatedAndItsIdsBeginAnew() throws Exception {
    outbox.append(10, "a");
    publish();
    database.execute("TRUNCATE outbox RESTART IDENTITY");
    outbox.append(5, "b");
    publish();
    database.execute("TRUNCATE outbox RESTART IDENTITY");
    outbox.append(50, "c");
    publish();

    assertThat(received(65)).isEqualTo(65);
  }

  /** Whose proof was a row that is no more, and whose id is above all that come. */
  @Test
  void repeatsNothingInTermAfterTermOnceTheIdsBeginAnew() throws Exception {
    try (TestRelay relay = TestRelay.of(database, name, 500)) {
      outbox.append(100, "a");
      relay.drain();
      database.execute("TRUNCATE outbox RESTART IDENTITY");
      try (Logged logged = Logged.by(TakeOver.class)) {
        for (int term = 1; term <= 20; term++) {
          outbox.append(1, "b");
          relay.drain();
          relay.step.recover(new Exception("a new term"));
        }
        relay.drain();

        assertThat(logged.warnings()).isEmpty();
      }
    }
    assertThat(received(120)).isEqualTo(120);
  }

  @Test
  void losesNothingWhenTheOutboxIsTruncatedUnderIt() throws Exception {
    try (TestRelay relay = TestRelay.of(database, name, 500)) {
      outbox.append(10, "a");
      relay.drain();
      database.execute("TRUNCATE outbox RESTART IDENTITY");
      outbox.append(5, "b");

      runUntilReceived(relay, 15);
    }
    assertThat(received(15)).isEqualTo(15);
  }

  /** As the loop does: a cycle that failed is followed by recovery. */
  private void runUntilReceived(TestRelay relay, int count) throws Exception {
    long deadline = System.nanoTime() + Duration.ofMinutes(1).toNanos();
    while (consumer.received().size() < count) {
      try {
        relay.step.runOnce();
      } catch (Exception e) {
        relay.step.recover(e);
      }
      consumer.poll(Duration.ofMillis(20));
      assertThat(System.nanoTime())
          .as("received %d", consumer.received().size())
          .isLessThan(deadline);
    }
  }

  private List<String> publish() throws Exception {
    try (Logged logged = Logged.by(TakeOver.class);
        TestRelay relay = TestRelay.of(database, name, 500)) {
      relay.drain();
      return logged.warnings();
    }
  }

  /** How many events there are: {@code count} or more, none twice. */
  private int received(int count) {
    List<Event> events = consumer.await(count);
    assertThat(events).extracting(Event::id).doesNotHaveDuplicates();
    return events.size();
  }
}
