package dev.lapse.outbox;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import javax.sql.DataSource;

/**
 * Sees to it that what a page saw is on the database's disk before Kafka is told.
 *
 * <p>A row written with {@code synchronous_commit = off} is visible before its commit is durable;
 * after a crash it is gone, and its id and transaction id are given to another event.
 */
public final class WalFlush {

  private static final String IS_FLUSHED = "SELECT pg_current_wal_flush_lsn() >= ?::pg_lsn";

  /**
   * A transaction that leaves a message in the log, which nobody reads, and so flushes the log up
   * to itself. The log's end may be a record of a transaction still open: such a record is flushed
   * by nobody until somebody commits, which in a quiet database may take 15 seconds. No row is
   * written.
   */
  private static final String FLUSH = "SELECT pg_logical_emit_message(true, 'lapse', 'flush')";

  private final DataSource dataSource;

  public WalFlush(DataSource dataSource) {
    this.dataSource = dataSource;
  }

  /** Returns once everything before {@code lsn} is flushed. */
  public void upTo(Lsn lsn) throws SQLException {
    try (Connection connection = dataSource.getConnection()) {
      if (!isFlushed(connection, lsn)) {
        flush(connection);
      }
      if (!isFlushed(connection, lsn)) {
        throw new SQLException(
            "The log is not flushed up to " + lsn + " after a synchronous commit", "58000");
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

  private static void flush(Connection connection) throws SQLException {
    connection.setAutoCommit(false);
    try (Statement statement = connection.createStatement()) {
      statement.execute("SET LOCAL synchronous_commit = on");
      statement.execute(FLUSH);
      connection.commit();
    } finally {
      connection.rollback();
      connection.setAutoCommit(true);
    }
  }
}
