package dev.lapse.outbox;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/**
 * Sees to it that what a transaction saw is on the database's disk.
 *
 * <p>A row written with {@code synchronous_commit = off} is visible before its commit is durable;
 * after a crash it is gone, and its id and transaction id are given to another event. A crash ends
 * every session, so what the very session that read the rows finds flushed afterwards includes
 * them; any other session might ask a server that has lost them already and written past them.
 */
final class WalFlush {

  private static final String IS_FLUSHED = "SELECT pg_current_wal_flush_lsn() >= ?::pg_lsn";

  /**
   * Leaves a message in the log, which nobody reads, so that the commit has something to flush. The
   * log's end may be a record of a transaction still open: such a record is flushed by nobody until
   * somebody commits, which in a quiet database may take 15 seconds. No row is written.
   */
  private static final String FLUSH = "SELECT pg_logical_emit_message(true, 'lapse', 'flush')";

  private WalFlush() {}

  /**
   * Returns once everything before {@code lsn} is flushed; it may have committed by then.
   *
   * @param connection in the transaction that read {@code lsn}
   */
  static void upTo(Connection connection, Lsn lsn) throws SQLException {
    if (!isFlushed(connection, lsn)) {
      try (Statement statement = connection.createStatement()) {
        statement.execute("SET LOCAL synchronous_commit = on");
        statement.execute(FLUSH);
        connection.commit();
      }
    }
  }

  private static boolean isFlushed(Connection connection, Lsn lsn) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(IS_FLUSHED)) {
      statement.setString(1, lsn.toString());
      try (ResultSet row = statement.executeQuery()) {
        return row.next() && row.getBoolean(1);
      }
    }
  }
}
