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
 * where another tool has dropped them, since Flyway's history says that they are there. And gives
 * the table the triggers of what is opted in to, and takes those away that no setting asks for.
 */
final class Restoration extends BaseCallback {

  private static final Logger log = LoggerFactory.getLogger(Restoration.class);

  private final ApprovalsSettings settings;
  private final SessionSettings session;
  private final List<OptIn> optIns;

  Restoration(ApprovalsSettings settings, SessionSettings session, List<OptIn> optIns) {
    this.settings = settings;
    this.session = session;
    this.optIns = optIns;
  }

  @Override
  public boolean supports(Event event, Context context) {
    return event == Event.AFTER_MIGRATE;
  }

  @Override
  public void handle(Event event, Context context) {
    JdbcClient jdbc = JdbcClient.create(context.getConfiguration().getDataSource());
    ApprovalsCheck check = new ApprovalsCheck(jdbc, settings, session, optIns);
    List<String> statements = check.restoring();
    List<OptIns.Change> changes = check.optInChanges();
    if (statements.isEmpty() && changes.isEmpty()) {
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
      run.execute("SET lock_timeout = '3s'");
      connection.setAutoCommit(false);
      for (OptIns.Change change : changes) {
        // Before anything else: so two instances that start together take turns.
        run.execute(
            "LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE".formatted(ApprovalsTable.name(settings)));
        run.execute(change.script());
        connection.commit();
        log.info(
            "{} setting={}",
            change.on() ? "Created the triggers of a setting" : "Dropped the triggers of a setting",
            change.setting());
      }
    } catch (SQLException e) {
      log.warn(
          "Could not create a missing index or trigger reason=\"{}\" action=\"run lapse doctor, and what it prints\"",
          e.getMessage());
    }
  }
}
