package dev.lapse.bench;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;

/**
 * How many approvals have expired, looked at several times a second where it costs the least: one
 * outbox record is one id.
 */
final class Expired implements AutoCloseable {

  private static final Duration PATIENCE = Duration.ofMinutes(3);
  private static final Duration INTERVAL = Duration.ofMillis(50);

  private static final String RECORDS =
      "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM outbox_id_seq";

  private final Connection session;
  private final Every looks;
  private long count;

  Expired(Database database) throws SQLException {
    this.session = database.connect();
    PreparedStatement records = session.prepareStatement(RECORDS);
    this.looks = new Every(INTERVAL, () -> look(records));
  }

  private long look(PreparedStatement records) throws SQLException {
    try (ResultSet row = records.executeQuery()) {
      row.next();
      return note(row.getLong(1));
    }
  }

  private synchronized long note(long now) {
    count = now;
    notifyAll();
    return now;
  }

  synchronized long count() {
    return count;
  }

  /**
   * Waits until that many have expired.
   *
   * @throws IllegalStateException if it does not come to that
   */
  synchronized void await(long approvals) throws InterruptedException {
    long last = count;
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (count < approvals) {
      wait(PATIENCE.toMillis());
      if (count > last) {
        last = count;
        deadline = System.nanoTime() + PATIENCE.toNanos();
      } else if (System.nanoTime() - deadline > 0) {
        throw new IllegalStateException(
            "of %d approvals only %d expired, and no more for %s"
                .formatted(approvals, count, PATIENCE));
      }
    }
  }

  @Override
  public void close() throws SQLException {
    looks.close();
    session.close();
  }
}
