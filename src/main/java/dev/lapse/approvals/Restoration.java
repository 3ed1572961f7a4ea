package dev.lapse.approvals;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.flywaydb.core.api.callback.BaseCallback;
import org.flywaydb.core.api.callback.Context;
import org.flywaydb.core.api.callback.Event;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * After the migrations, whether or not one was to run: builds the due index and the guard again
 * where another tool has dropped them. Flyway would not, since its history says that they are
 * there.
 */
final class Restoration extends BaseCallback {

  private static final Logger log = LoggerFactory.getLogger(Restoration.class);

  private final ApprovalsSettings settings;

  Restoration(ApprovalsSettings settings) {
    this.settings = settings;
  }

  @Override
  public boolean supports(Event event, Context context) {
    return event == Event.AFTER_MIGRATE;
  }

  @Override
  public void handle(Event event, Context context) {
    JdbcClient jdbc = JdbcClient.create(context.getConfiguration().getDataSource());
    List<String> statements = new ApprovalsCheck(jdbc, settings).restoring();
    if (statements.isEmpty()) {
      return;
    }
    // Of its own, since an index is built in no transaction.
    try (Connection connection = context.getConfiguration().getDataSource().getConnection();
        Statement run = connection.createStatement()) {
      run.execute("SET statement_timeout = 0");
      for (String statement : statements) {
        log.warn(
            "An index or trigger of Lapse is missing; creating it again statement=\"{}\"",
            statement.lines().findFirst().orElse(""));
        run.execute(
            statement.contains("TRIGGER") ? "SET lock_timeout = '3s'" : "SET lock_timeout = 0");
        run.execute(statement);
      }
    } catch (SQLException e) {
      log.warn(
          "Could not create a missing index or trigger reason=\"{}\" action=\"run lapse doctor, and what it prints\"",
          e.getMessage());
    }
  }
}
