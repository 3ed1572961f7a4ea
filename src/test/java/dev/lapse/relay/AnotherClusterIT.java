package dev.lapse.relay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lapse.outbox.DeadLetters;
import dev.lapse.outbox.OriginSource;
import dev.lapse.problem.Reasons;
import dev.lapse.support.EventConsumer;
import dev.lapse.support.EventConsumer.Event;
import dev.lapse.support.OwnPostgres;
import dev.lapse.support.Servers;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * A dump restored into another cluster goes on where the old one stopped: nothing is lost, and what
 * the dump proves to be published is not published again.
 */
@ParameterizedClass
@EnumSource(OriginSource.class)
class AnotherClusterIT {

  private static final int PAGE = 50;

  private static final String NOTED =
      "INSERT INTO outbox (type, key, payload)"
          + " SELECT 'Noted', '%s', '{\"number\": 1}' FROM generate_series(1, %d)";

  private final String name = TestRelay.freshName();
  private final List<AutoCloseable> opened = new ArrayList<>();
  private final OwnPostgres old;
  private final OwnPostgres restored;
  private final EventConsumer consumer =
      opened(
          EventConsumer.of(Servers.kafka().bootstrapServers(), name + ".")
              .without(name + ".position"));

  AnotherClusterIT(OriginSource origin) {
    old = opened(OwnPostgres.migrated(origin, Map.of()));
    restored = opened(OwnPostgres.migratedElsewhere(origin));
  }

  private <T extends AutoCloseable> T opened(T resource) {
    opened.add(0, resource);
    return resource;
  }

  @AfterEach
  void stop() throws Exception {
    for (AutoCloseable resource : opened) {
      resource.close();
    }
  }

  @Test
  void goesOnWhereTheOldClusterStopped() throws Exception {
    publishAllBut(120, 20);
    dump(old, restored, "outbox", "relay_checkpoint");

    publish(restored.service());

    assertThat(receivedFrom(restored)).isEqualTo(230L + 120 + 20);
    goesOnAsEver();
  }

  @Test
  void beginsAnewWhereverItsBeginningWasInterrupted() throws Exception {
    publishAllBut(120, 20);
    dump(old, restored, "outbox", "relay_checkpoint");

    beginAndInterruptEverywhere();

    assertThat(receivedFrom(restored)).isEqualTo(230L + 120 + 20);
    goesOnAsEver();
  }

  /** Restamped, its rows no longer tell that it waits: the position must. */
  @Test
  void keepsARefusedStragglerWhereverItsBeginningWasInterrupted() throws Exception {
    publishAllBut(
        List.of(
            NOTED.formatted("late", 120),
            "INSERT INTO outbox (type, key, payload) VALUES ('Surprise', 'odd', '{}')",
            NOTED.formatted("odd", 3)),
        20);
    old.append(2, "odd");
    dump(old, restored, "outbox", "relay_checkpoint");

    beginAndInterruptEverywhere();

    assertThat(received(230 + 120 + 20)).hasSize(230 + 120 + 20);
    DeadLetters deadLetters = new DeadLetters(JdbcClient.create(restored.service()));
    assertThat(deadLetters.requeue(null)).isEqualTo(1);
    try (TestRelay mended =
        TestRelay.of(restored.service(), name, PAGE, Map.of("Surprise", name + ".surprise"))) {
      mended.drain();
    }
    assertThat(receivedFrom(restored)).isEqualTo(230L + 120 + 20 + 6);
    assertThat(deadLetters.list()).isEmpty();
  }

  @Test
  void losesNothingWhenTheDumpIsOlderThanWhatIsPublished() throws Exception {
    old.append(100, "both");
    publish(old.service());
    dump(old, restored, "outbox", "relay_checkpoint");
    old.append(30, "the old cluster's only");
    publish(old.service());
    restored.append(60, "the new cluster's only");

    publish(restored.service());

    assertThat(received(190)).extracting(Event::id).containsAll(restored.eventIds());
    int before = consumer.received().size();
    restored.append(5, "after");
    publish(restored.service());
    assertThat(received(before + 5)).hasSize(before + 5);
  }

  /** A copy of production for tests: another Kafka, or another relay, and only the outbox. */
  @Test
  void publishesACopiedOutboxOnceWhereNothingIsKnownOfIt() throws Exception {
    old.execute(
        "DO $$ BEGIN FOR i IN 1..2000 LOOP PERFORM pg_current_xact_id(); COMMIT;"
            + " END LOOP; END $$");
    old.append(100, "a");
    dump(old, restored, "outbox");

    publish(restored.service());
    restored.append(5, "after");
    publish(restored.service());

    assertThat(receivedFrom(restored)).isEqualTo(105);
  }

  /** Some restore the rows and forget the sequence. */
  @Test
  void losesNothingWhenTheSequenceWasNotRestored() throws Exception {
    old.append(100, "both");
    publish(old.service());
    dump(old, restored, "outbox", "relay_checkpoint");
    restored.execute("DELETE FROM outbox WHERE id <= 10");
    restored.execute("SELECT setval('outbox_id_seq', 1, false)");
    restored.append(5, "the new cluster's only");

    publish(restored.service());
    publish(restored.service());

    List<Event> events = received(105);
    assertThat(events).extracting(Event::id).containsAll(restored.eventIds());
    assertThat(events).as("each at most twice").hasSizeLessThanOrEqualTo(200);
  }

  /**
   * Publishes 230 events, then lets {@code stragglers} commit below them, and {@code more} above.
   */
  private void publishAllBut(int stragglers, int more) throws Exception {
    publishAllBut(List.of(NOTED.formatted("late", stragglers)), more);
  }

  private void publishAllBut(List<String> stragglers, int more) throws Exception {
    old.execute(
        "DO $$ BEGIN FOR i IN 1..2000 LOOP PERFORM pg_current_xact_id(); COMMIT;"
            + " END LOOP; END $$");
    try (Connection late = old.dataSource().getConnection();
        Statement statement = late.createStatement()) {
      late.setAutoCommit(false);
      for (String insert : stragglers) {
        statement.execute(insert);
      }
      old.append(230, "early");
      publish(old.service());
      late.commit();
      late.setAutoCommit(true);
    }
    old.append(more, "not yet published");
  }

  /** Cut off from the database one connection later each time, until it gets through. */
  private void beginAndInterruptEverywhere() {
    int connections = 1;
    boolean done = false;
    while (!done) {
      int last = connections++;
      ScriptedDataSource failing =
          new ScriptedDataSource(
              n -> {
                if (n > last) {
                  throw new SQLException("cut off");
                }
                return restored.service().getConnection();
              });
      try (TestRelay relay = TestRelay.of(failing, name, PAGE)) {
        relay.drain();
        done = true;
      } catch (Exception e) {
        assertThat(Reasons.of(e)).contains("cut off");
      }
    }
    assertThat(connections).as("cut off at").isGreaterThan(8);
  }

  private void goesOnAsEver() throws Exception {
    int before = consumer.received().size();
    try (Connection late = restored.dataSource().getConnection();
        Statement statement = late.createStatement()) {
      late.setAutoCommit(false);
      statement.execute("INSERT INTO outbox (type, key, payload) VALUES ('Noted', 'late', '{}')");
      restored.append(5, "after");
      publish(restored.service());
      late.commit();
      late.setAutoCommit(true);
    }
    publish(restored.service());
    assertThat(receivedFrom(restored)).isEqualTo(before + 6);
  }

  private void publish(DataSource dataSource) throws Exception {
    try (TestRelay relay = TestRelay.of(dataSource, name, PAGE)) {
      relay.drain();
      for (int i = 0; i < 5; i++) {
        relay.step.runOnce(); // nothing comes back
      }
    }
  }

  /**
   * As pg_dump does it: under one snapshot, every column that is not generated, and the sequence
   * set.
   */
  private static void dump(OwnPostgres from, OwnPostgres to, String... tables) throws Exception {
    to.execute("DELETE FROM outbox_identity");
    copy(from, to, "outbox_identity");
    copy(from, to, tables);
    long last = from.count("SELECT last_value FROM outbox_id_seq");
    to.execute("SELECT setval('outbox_id_seq', %d)".formatted(last));
  }

  private static void copy(OwnPostgres from, OwnPostgres to, String... tables) throws Exception {
    try (Connection source = from.dataSource().getConnection();
        Connection target = to.dataSource().getConnection();
        Statement select = source.createStatement()) {
      source.setAutoCommit(false);
      source.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
      for (String table : tables) {
        try (ResultSet rows = select.executeQuery("SELECT t::text FROM %s t".formatted(table));
            PreparedStatement insert =
                target.prepareStatement(
                    "INSERT INTO %1$s (%2$s) OVERRIDING SYSTEM VALUE SELECT %2$s FROM (SELECT (?::%1$s).*) row"
                        .formatted(table, OwnPostgres.columns(table, target)))) {
          while (rows.next()) {
            insert.setString(1, rows.getString(1));
            insert.executeUpdate();
          }
        }
      }
      source.rollback();
    }
  }

  private List<Event> received(int count) {
    consumer.await(count);
    while (!consumer.poll(Duration.ofMillis(300)).isEmpty()) {
      // more than that
    }
    return List.copyOf(consumer.received());
  }

  /** How many events were received: every one of the database's, and each once. */
  private long receivedFrom(OwnPostgres postgres) {
    List<String> ids = postgres.eventIds();
    assertThat(received(ids.size())).extracting(Event::id).containsExactlyInAnyOrderElementsOf(ids);
    return ids.size();
  }
}
