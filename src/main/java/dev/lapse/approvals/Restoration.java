package dev.lapse.approvals;

import java.sql.Connection;
import java.sql.ResultSet;
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
      restore(statements, changes, connection, run);
    } catch (SQLException e) {
      log.warn(
          "Could not create a missing index or trigger reason=\"{}\" action=\"run lapse doctor, and what it prints\"",
          e.getMessage());
    }
  }

  /** Leaves the session as it was: it may be one of the pool's. */
  private void restore(
      List<String> statements, List<OptIns.Change> changes, Connection connection, Statement run)
      throws SQLException {
    String statementTimeout = show("statement_timeout", run);
    String lockTimeout = show("lock_timeout", run);
    try {
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
    } finally {
      if (!connection.getAutoCommit()) {
        connection.rollback();
        connection.setAutoCommit(true);
      }
      run.execute("SET statement_timeout = '%s'".formatted(statementTimeout));
      run.execute("SET lock_timeout = '%s'".formatted(lockTimeout));
    }
  }

  private static String show(String setting, Statement run) throws SQLException {
    try (ResultSet row = run.executeQuery("SHOW " + setting)) {
      row.next();
      return row.getString(1);
    }
  }
}
