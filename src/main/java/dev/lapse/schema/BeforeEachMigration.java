package dev.lapse.schema;

import java.sql.Connection;
import java.sql.SQLException;
import org.flywaydb.core.api.callback.BaseCallback;
import org.flywaydb.core.api.callback.Context;
import org.flywaydb.core.api.callback.Event;

/**
 * What is to be done before a migration, on its connection and in its transaction, if it has one.
 * Flyway calls those there are in the order of their classes' names.
 */
abstract class BeforeEachMigration extends BaseCallback {

  abstract void prepare(Connection connection, Context context) throws SQLException;

  @Override
  public boolean supports(Event event, Context context) {
    return event == Event.BEFORE_EACH_MIGRATE;
  }

  @Override
  public final void handle(Event event, Context context) {
    try {
      prepare(context.getConnection(), context);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }
}
