package dev.lapse.operations;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.flywaydb.core.api.callback.Callback;
import org.flywaydb.core.api.callback.Context;
import org.flywaydb.core.api.callback.Event;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Before the one migration that is no transaction: says what it waits for, and drops what is left
 * of an index whose building was cancelled, which {@code IF NOT EXISTS} would take for one. Called
 * under Flyway's lock, so that no other instance is building it.
 */
final class DueIndexMigration implements Callback {

  private static final Logger log = LoggerFactory.getLogger(DueIndexMigration.class);

  private static final String VERSION = "2";

  private static final String INVALID =
      """
      SELECT format('DROP INDEX CONCURRENTLY %s', indexrelid::regclass)
      FROM pg_index
      WHERE NOT indisvalid AND indexrelid = to_regclass('${due_index}')
      """;

  @Override
  public boolean supports(Event event, Context context) {
    return event == Event.BEFORE_EACH_MIGRATE
        && VERSION.equals(String.valueOf(context.getMigrationInfo().getVersion()));
  }

  /** It is called in none: nor could it drop the index in one. */
  @Override
  public boolean canHandleInTransaction(Event event, Context context) {
    return true;
  }

  @Override
  public void handle(Event event, Context context) {
    log.info("Building the due index: waits for open transactions, blocks nobody");
    String index = String.valueOf(context.getConfiguration().getPlaceholders().get("due_index"));
    Connection connection = context.getConnection();
    try (Statement statement = connection.createStatement()) {
      String drop = null;
      try (ResultSet row =
          statement.executeQuery(INVALID.replace("${due_index}", index.replace("'", "''")))) {
        if (row.next()) {
          drop = row.getString(1);
        }
      }
      if (drop != null) {
        statement.execute(drop);
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public String getCallbackName() {
    return "dueIndex";
  }
}
