package dev.lapse.bench;

import dev.lapse.outbox.Checkpoints;
import dev.lapse.outbox.DatabaseState;
import dev.lapse.outbox.OutboxReader;
import dev.lapse.outbox.Position;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Outbox rows that are older than the retention period and published, for a purge to delete. */
final class OldRows {

  private static final String OLD =
      """
      INSERT INTO outbox (type, key, payload, occurred_at)
      SELECT rows.*, now() - interval '8 days' FROM (
      %s) rows
      """;

  /** What an instance that purges holds: all others leave it to that one. */
  private static final String HOLD = "SELECT one FROM retention FOR UPDATE";

  private static final String PURGED = "SELECT coalesce(max(purged_id), 0) FROM retention";

  private static final int LOOKS_PER_SECOND = 20;
  private static final int PATIENCE = 180 * LOOKS_PER_SECOND;

  private OldRows() {}

  /** Appends that many in one transaction. */
  static void append(Database database, int count) throws SQLException {
    database.execute(OLD.formatted(Rows.of(count)));
  }

  /**
   * Lets all rows there are count as published by {@code relay}: leaves the checkpoint that it
   * would have left. A relay whose position topic is empty goes on from there.
   */
  static void publish(Database database, String relay) throws SQLException {
    OutboxReader reader = new OutboxReader(database.dataSource(), 1, 1024);
    DatabaseState now = reader.state();
    new Checkpoints(JdbcClient.create(database.dataSource()))
        .write(
            relay,
            new Position(now.lastId(), null, now.snapshot(), null, List.of(), now.origin()),
            reader.originSource());
  }

  /** Nothing is purged until the session is closed. */
  static Connection keep(Database database) throws SQLException {
    Connection session = database.connect();
    try (Statement statement = session.createStatement()) {
      session.setAutoCommit(false);
      statement.execute(HOLD);
    }
    return session;
  }

  /** The highest id purged, 0 before the first; the purge goes from the lowest up. */
  static long purged(Database database) throws SQLException {
    return (long) database.number(PURGED);
  }

  /**
   * Waits until all up to {@code id} are purged, and returns the {@link System#nanoTime()} of it.
   *
   * @throws IllegalStateException if it does not come to that
   */
  static long awaitPurged(Database database, long id) throws SQLException {
    Pace looks = new Pace(LOOKS_PER_SECOND);
    long last = 0;
    int lastProgress = 0;
    for (int n = 0; last < id; n++) {
      var unused = looks.await(n);
      long purged = purged(database);
      if (purged > last) {
        last = purged;
        lastProgress = n;
      } else if (n - lastProgress > PATIENCE) {
        throw new IllegalStateException(
            "of %d rows only %d were purged, and no more for 3 minutes".formatted(id, last));
      }
    }
    return System.nanoTime();
  }
}
