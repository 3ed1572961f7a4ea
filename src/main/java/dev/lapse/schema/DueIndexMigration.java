package dev.lapse.schema;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.flywaydb.core.api.callback.Context;
import org.flywaydb.core.api.callback.Event;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Before the one migration that is no transaction: says what it waits for, and drops what is left
 * of an index whose building was cancelled, which {@code IF NOT EXISTS} would take for one. Called
 * under Flyway's lock, so that no other instance is building it, nor the session of one that was
 * killed, which keeps the lock; but somebody may be, by hand, and is waited for.
 */
final class DueIndexMigration extends BeforeEachMigration {

  private static final Logger log = LoggerFactory.getLogger(DueIndexMigration.class);

  private static final String VERSION = "2";

  /**
   * It is where its table is, which need not be on the search path. Whoever builds it has this lock
   * on the table to the end; the view of such builds shows everybody the own roles' only.
   */
  private static final String INVALID =
      """
      SELECT format('DROP INDEX CONCURRENTLY %s', indexrelid::regclass) AS drop,
             (SELECT min(pid) FROM pg_locks
              WHERE relation = indrelid AND mode = 'ShareUpdateExclusiveLock' AND granted
                AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                AND pid <> pg_backend_pid()) AS pid
      FROM pg_index
      WHERE NOT indisvalid
        AND indexrelid = (
          SELECT to_regclass(quote_ident(nspname) || '.' || ?)
          FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
          WHERE pg_class.oid = to_regclass(?))
      """;

  @Override
  public boolean supports(Event event, Context context) {
    return super.supports(event, context)
        && VERSION.equals(String.valueOf(context.getMigrationInfo().getVersion()));
  }

  /** In no transaction: nor could it drop the index in one. */
  @Override
  void prepare(Connection connection, Context context) throws SQLException {
    log.info("Building the due index: blocks no writers");
    Map<String, String> words = context.getConfiguration().getPlaceholders();
    try {
      Invalid index = find(connection, words);
      if (index != null && index.builder() != null) {
        log.warn(
            "Waiting for a session that builds the same index pid={}"
                + " action=\"to stop that session: SELECT pg_terminate_backend({})\"",
            index.builder(),
            index.builder());
      }
      while (index != null && index.builder() != null) {
        TimeUnit.SECONDS.sleep(1);
        index = find(connection, words);
      }
      if (index != null) {
        try (Statement statement = connection.createStatement()) {
          statement.execute(index.drop());
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("Interrupted while another session builds the index", e);
    }
  }

  /** Null if there is none, or a valid one. */
  private static @Nullable Invalid find(Connection connection, Map<String, String> words)
      throws SQLException {
    try (PreparedStatement ask = connection.prepareStatement(INVALID)) {
      ask.setString(1, words.get("due_index"));
      ask.setString(2, words.get("approvals"));
      try (ResultSet row = ask.executeQuery()) {
        return row.next()
            ? new Invalid(
                Objects.requireNonNull(row.getString("drop")), row.getObject("pid", Integer.class))
            : null;
      }
    }
  }

  /**
   * @param drop the statement that drops it
   * @param builder the session that is at it; null if none is
   */
  private record Invalid(String drop, @Nullable Integer builder) {}
}
