package dev.lapse.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lapse.kafka.KafkaSettings;
import dev.lapse.outbox.OutboxIdentities;
import dev.lapse.problem.Problem;
import dev.lapse.support.EventConsumer;
import dev.lapse.support.Outbox;
import dev.lapse.support.Servers;
import dev.lapse.support.TestDatabase;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Two outboxes never share one publish position unnoticed: the second names the conflict, publishes
 * nothing and takes nothing away from the first. A renamed, copied or restored outbox goes on.
 */
class OwnershipIT {

  private final String name = TestRelay.freshName();
  private final TestDatabase first = ownOutbox();
  private final TestDatabase second = ownOutbox();

  /** As its own migration makes it: a database made from a template has the template's identity. */
  private static TestDatabase ownOutbox() {
    TestDatabase database = TestDatabase.migrated();
    database.execute("UPDATE outbox_identity SET id = gen_random_uuid()");
    return database;
  }

  @AfterEach
  void close() {
    first.close();
    second.close();
  }

  @Test
  void refusesToPublishUnderTheNameOfAnotherOutbox() throws Exception {
    new Outbox(first).append(10, "key");
    new Outbox(second).append(10, "key");
    try (TestRelay one = TestRelay.of(first, name, 100);
        TestRelay other = TestRelay.of(second, name, 100);
        EventConsumer consumer = one.consumer()) {
      one.drain();

      assertThatThrownBy(other.step::runOnce)
          .isInstanceOf(ForeignPositionException.class)
          .hasMessageContainingAll(
              "Relay name conflict", "lapse.relay.name", identity(first), identity(second));
      other.step.recover(new ForeignPositionException(name, identity(first), own(second)));
      assertThat(conflict(second)).get().asString().contains("Relay name conflict");
      assertThat(conflict(first)).isEmpty();

      new Outbox(first).append(5, "key");
      one.drain(); // it was not fenced
      assertThat(consumer.await(15)).hasSize(15);
    }
  }

  /** The first has gone, so that nobody but the second is there to lead. */
  @Test
  void refusesAlsoWhileTheOtherOutboxIsNotServed() throws Exception {
    new Outbox(first).append(10, "key");
    try (TestRelay one = TestRelay.of(first, name, 100)) {
      one.drain();
    }

    new Outbox(second).append(10, "key");
    try (TestRelay other = TestRelay.of(second, name, 100)) {
      assertThatThrownBy(other.step::runOnce).isInstanceOf(ForeignPositionException.class);
    }
  }

  @Test
  void goesOnInARenamedDatabase() throws Exception {
    new Outbox(first).append(10, "key");
    try (TestRelay one = TestRelay.of(first, name, 100);
        EventConsumer consumer = one.consumer()) {
      one.drain();
      try (TestDatabase renamed = first.renamed()) {
        new Outbox(renamed).append(5, "key");
        try (TestRelay other = TestRelay.of(renamed, name, 100)) {
          other.drain();
        }
        assertThat(consumer.await(15)).hasSize(15);
      }
    }
  }

  /** As tenants are set up: the template has Lapse's tables already. */
  @Test
  void refusesInADatabaseMadeFromThisOne() throws Exception {
    new Outbox(first).append(10, "key");
    try (TestRelay one = TestRelay.of(first, name, 100)) {
      one.drain();
    }
    String owner = identity(first);
    first.close();

    try (TestDatabase copy = first.copy();
        TestRelay other = TestRelay.of(copy, name, 100)) {
      assertThatThrownBy(other.step::runOnce).isInstanceOf(ForeignPositionException.class);
      assertThat(conflict(copy, owner)).isEmpty();
    }
  }

  /** What the message says is what lets it go on. */
  @Test
  void goesOnUnderTheNameOfTheOutboxThatItReplaces() throws Exception {
    try (TestRelay one = TestRelay.of(first, name, 100)) {
      one.drain();
    }

    assertThat(conflict(second))
        .get()
        .asString()
        .contains("lapse.relay.replaces=" + identity(first));
    assertThat(conflict(second, identity(first))).isEmpty();
  }

  private Optional<Problem> conflict(TestDatabase database) throws Exception {
    return conflict(database, "");
  }

  private Optional<Problem> conflict(TestDatabase database, String replaces) throws Exception {
    try (TestRelay relay = TestRelay.of(database, name, 100)) {
      RelaySettings of = relay.settings;
      RelaySettings settings =
          new RelaySettings(
              true,
              of.name(),
              of.source(),
              of.topics(),
              of.pageRecords(),
              of.pageSize(),
              of.pollInterval(),
              of.sessionTimeout(),
              of.transactionTimeout(),
              of.checkpointInterval(),
              of.maxDeadLetters(),
              replaces);
      KafkaSettings kafka =
          new KafkaSettings(Servers.kafka().bootstrapServers(), 1, (short) 1, "none", Map.of());
      return new RelayName(
              kafka, settings, new OutboxIdentities(database.serviceJdbc()), relay.reader)
          .conflict();
    }
  }

  private dev.lapse.outbox.OutboxIdentity own(TestDatabase database) {
    return new OutboxIdentities(database.jdbc()).of(name);
  }

  private String identity(TestDatabase database) {
    return own(database).toString();
  }
}
