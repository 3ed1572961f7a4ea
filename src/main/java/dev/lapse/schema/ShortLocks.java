package dev.lapse.schema;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import org.flywaydb.core.api.callback.Context;

/**
 * Lets no migration wait long for a lock on a table: behind whoever waits for one, every writer of
 * the table waits, too, and one transaction that somebody left open would stop the application. A
 * migration that is no transaction builds an index CONCURRENTLY, behind which nobody waits.
 */
public final class ShortLocks extends BeforeEachMigration {

  /** How long writers are kept waiting: below what most applications take for an outage. */
  public static final String LOCK_TIMEOUT = "lock_timeout = '3s'";

  @Override
  void prepare(Connection connection, Context context) throws SQLException {
    if (!connection.getAutoCommit()) {
      try (Statement set = connection.createStatement()) {
        set.execute("SET LOCAL " + LOCK_TIMEOUT); // gone with the migration
      }
    }
  }
}
