package dev.lapse.operations.startup;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import javax.sql.DataSource;
import org.postgresql.PGConnection;
import org.springframework.jdbc.datasource.DelegatingDataSource;

/**
 * Opens sessions whose statements do not outlive their client: the server cancels what takes longer
 * than the client waits, or waits too long for a lock, and what nobody waits for any more. Without
 * that, each statement that a client gave up would stay on the server with all its locks.
 *
 * <p>Not through a pooler, which gives a server's session to one client after the other: there the
 * role's own settings hold (see db/roles.sql), and the driver cancels.
 */
final class SessionLimits extends DelegatingDataSource {

  /** Somebody's shorter limit, such as the role's, stays. */
  private static final String LIMIT =
      """
      SELECT pg_catalog.set_config(name, ?, false) FROM pg_catalog.pg_settings
      WHERE name = ? AND (setting = '0' OR setting::bigint > ?::bigint OR ? = '0')
      """;

  /** How soon the server notices that a client is gone. */
  private static final Duration CHECK_INTERVAL = Duration.ofSeconds(10);

  private final Duration statementTimeout;
  private final Duration lockTimeout;

  SessionLimits(DataSource opening, Duration statementTimeout, Duration lockTimeout) {
    super(opening);
    this.statementTimeout = statementTimeout;
    this.lockTimeout = lockTimeout;
  }

  @Override
  public Connection getConnection() throws SQLException {
    return limited(super.getConnection());
  }

  @Override
  public Connection getConnection(String username, String password) throws SQLException {
    return limited(super.getConnection(username, password));
  }

  private Connection limited(Connection connection) throws SQLException {
    try {
      if (isDirect(connection)) {
        set(connection, "statement_timeout", statementTimeout);
        set(connection, "lock_timeout", lockTimeout);
        setCheckInterval(connection);
      }
      return connection;
    } catch (SQLException | RuntimeException e) {
      connection.close();
      throw e;
    }
  }

  /**
   * A pooler tells its clients of a process of its own invention. Of a driver that does not say
   * which process it talks to, nobody knows.
   */
  private static boolean isDirect(Connection connection) throws SQLException {
    if (!connection.isWrapperFor(PGConnection.class)) {
      return false;
    }
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SELECT pg_catalog.pg_backend_pid()")) {
      row.next();
      return row.getInt(1) == connection.unwrap(PGConnection.class).getBackendPID();
    }
  }

  private static void set(Connection connection, String setting, Duration limit)
      throws SQLException {
    String millis = Long.toString(limit.toMillis());
    try (PreparedStatement statement = connection.prepareStatement(LIMIT)) {
      statement.setString(1, millis);
      statement.setString(2, setting);
      statement.setString(3, millis);
      statement.setString(4, millis);
      statement.execute();
    }
  }

  /** Where the server's system cannot tell, PostgreSQL refuses it. */
  @SuppressWarnings("EmptyCatch")
  private static void setCheckInterval(Connection connection) {
    try {
      set(connection, "client_connection_check_interval", CHECK_INTERVAL);
    } catch (SQLException unsupported) {
      // a statement of a client that is gone ends with its time-out then
    }
  }
}
