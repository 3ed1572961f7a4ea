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

  private WalFlush() {}

  /**
   * Returns once everything before {@code lsn} is flushed; it may have committed by then.
   *
   * @param connection in the transaction that read {@code lsn}
   * @param source where it was read from
   */
  static void upTo(Connection connection, Lsn lsn, OriginSource source) throws SQLException {
    if (source != OriginSource.WAL || !isFlushed(connection, lsn)) {
      try (Statement statement = connection.createStatement()) {
        statement.execute("SET LOCAL synchronous_commit = on");
        statement.execute(source.flush);
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
