package dev.lapse.bench;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;

/**
 * The longest that a session of the service's or of {@link Inserts} has waited for a lock. It is
 * looked at every few milliseconds, so a wait counts for up to that much less than it was.
 */
final class LockWaits implements AutoCloseable {

  private static final Duration INTERVAL = Duration.ofMillis(2);

  private static final String WAITS =
      """
      SELECT coalesce(max(extract(epoch FROM clock_timestamp() - waitstart)) * 1000, 0)
      FROM pg_locks JOIN pg_stat_activity USING (pid)
      WHERE NOT granted AND datname = current_database()
        AND application_name IN ('lapse', '%s')
      """
          .formatted(Inserts.APPLICATION);

  private final Connection session;
  private final Every looks;
  private double longest;

  LockWaits(Database database) throws SQLException {
    this.session = database.connect();
    PreparedStatement waits = session.prepareStatement(WAITS);
    this.looks = new Every(INTERVAL, () -> look(waits));
  }

  private double look(PreparedStatement waits) throws SQLException {
    try (ResultSet row = waits.executeQuery()) {
      row.next();
      return note(row.getDouble(1));
    }
  }

  private synchronized double note(double milliseconds) {
    longest = Math.max(longest, milliseconds);
    return longest;
  }

  /** Milliseconds, so far. */
  synchronized double longest() {
    return longest;
  }

  @Override
  public void close() throws SQLException {
    looks.close();
    session.close();
  }
}
