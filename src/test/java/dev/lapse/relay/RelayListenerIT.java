package dev.lapse.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lapse.outbox.OutboxRecord;
import dev.lapse.support.Outbox;
import dev.lapse.support.Servers;
import dev.lapse.support.TestDatabase;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The relay tells its listener of what Kafka committed, and of what it did not. */
class RelayListenerIT {

  private final TestDatabase database = TestDatabase.migrated();
  private final Outbox outbox = new Outbox(database);
  private final TestRelay relay = TestRelay.of(database, TestRelay.freshName(), 10);

  @AfterEach
  void stop() {
    relay.close();
    database.close();
  }

  @Test
  void tellsOfEachTransactionWithItsEvents() throws Exception {
    outbox.append(25, "a");

    relay.drain();

    assertThat(relay.heard.published)
        .extracting(PublishedTransaction::events)
        .containsExactly(10, 10, 5);
    assertThat(relay.heard.published)
        .allSatisfy(
            published -> {
              assertThat(published.stragglers()).isZero();
              assertThat(published.bytes())
                  .isEqualTo(published.records().stream().mapToLong(OutboxRecord::size).sum());
            });
    assertThat(relay.heard.aborted).isZero();
    assertThat(relay.heard.fenced).isZero();
  }

  @Test
  void tellsWhenByTheDatabasesClock() throws Exception {
    outbox.append(1, "a");

    relay.drain();

    assertThat(relay.heard.published.get(0).at())
        .isBetween(databaseClock().minus(Duration.ofMinutes(1)), databaseClock());
  }

  @Test
  void tellsHowManyWereStragglers() throws Exception {
    try (Connection late = database.connect();
        Statement statement = late.createStatement()) {
      late.setAutoCommit(false);
      statement.execute("INSERT INTO outbox (type, key, payload) VALUES ('Noted', 'late', '{}')");
      outbox.append(2, "a");
      relay.drain();
      late.commit();
      late.setAutoCommit(true);
    }
    outbox.append(1, "b");

    relay.drain();

    assertThat(relay.heard.published)
        .extracting(PublishedTransaction::events)
        .containsExactly(2, 2);
    assertThat(relay.heard.published)
        .extracting(PublishedTransaction::stragglers)
        .containsExactly(0, 1);
  }

  @Test
  void tellsThatAnotherHasTakenTheLeadAndWhatThatAborted() throws Exception {
    outbox.append(3, "a");
    relay.drain();
    try (TestRelay another = TestRelay.of(database, relay.settings.name(), 10);
        Admin admin =
            Admin.create(
                Map.of(
                    AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG,
                    Servers.kafka().bootstrapServers()));
        Term successor = another.takeOver.begin(admin, progress -> {})) {
      outbox.append(3, "b");

      assertThatThrownBy(relay::drain)
          .isInstanceOfAny(ProducerFencedException.class, InvalidProducerEpochException.class)
          .satisfies(fenced -> relay.step.recover((Exception) fenced));

      assertThat(successor.position().publishedId()).isEqualTo(3);
    }
    assertThat(relay.heard.published).hasSize(1);
    assertThat(relay.heard.aborted).isEqualTo(1);
    assertThat(relay.heard.fenced).isEqualTo(1);
  }

  /** To the microsecond, and rounded up: it is what things are to have happened before. */
  private Instant databaseClock() {
    return Instant.ofEpochMilli(
        1 + database.count("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint"));
  }
}
