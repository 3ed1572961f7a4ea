package dev.lapse.audit;

import dev.lapse.approvals.ApprovalsTable;
import dev.lapse.problem.Reasons;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Asks the database for every invariant, each in a transaction of its own that can write nothing.
 *
 * <p>One audit at a time, however many ask: it may walk over whole tables.
 */
public final class Audit {

  /** Rows of a finding. The queries return one more, to tell that there are more. */
  static final int LISTED = 100;

  private final DataSource dataSource;
  private final ApprovalsTable table;
  private final Duration overdue;
  private final Duration statementTimeout;

  /**
   * @param table where the approvals are
   * @param overdue how long past its deadline an approval may still be pending
   * @param statementTimeout after which a query is given up
   */
  public Audit(
      DataSource dataSource, ApprovalsTable table, Duration overdue, Duration statementTimeout) {
    this.dataSource = dataSource;
    this.table = table;
    this.overdue = overdue;
    this.statementTimeout = statementTimeout;
  }

  /** All findings, those that hold as well. A query that fails hinders no other. */
  public synchronized List<Finding> run() {
    return Invariant.ALL.stream().map(this::ask).toList();
  }

  private Finding ask(Invariant invariant) {
    try (Connection connection = dataSource.getConnection()) {
      connection.setAutoCommit(false);
      connection.setReadOnly(true);
      boolean applies = applies(connection, invariant);
      List<Map<String, @Nullable String>> rows =
          applies ? rows(connection, invariant.sql(table)) : List.of();
      connection.rollback();
      connection.setReadOnly(false);
      connection.setAutoCommit(true);
      return applies ? Finding.of(invariant, rows, LISTED) : Finding.notChecked(invariant);
    } catch (SQLException e) { // the pool rolls back, and this is what is told
      return Finding.failed(invariant, Reasons.of(e));
    }
  }

  private static boolean applies(Connection connection, Invariant invariant) throws SQLException {
    String question = invariant.applies();
    if (question == null) {
      return true;
    }
    try (Statement statement = connection.createStatement();
        ResultSet answer = statement.executeQuery(question)) {
      return answer.next() && answer.getBoolean(1);
    }
  }

  private List<Map<String, @Nullable String>> rows(Connection connection, String sql)
      throws SQLException {
    try (Statement settings = connection.createStatement()) {
      settings.execute("SET LOCAL statement_timeout = " + statementTimeout.toMillis());
      settings.execute("SET LOCAL lapse.overdue = '%d ms'".formatted(overdue.toMillis()));
    }
    List<Map<String, @Nullable String>> found = new ArrayList<>();
    try (PreparedStatement statement = connection.prepareStatement(sql);
        ResultSet rows = statement.executeQuery()) {
      ResultSetMetaData columns = rows.getMetaData();
      while (rows.next()) {
        Map<String, @Nullable String> row = new LinkedHashMap<>();
        for (int i = 1; i <= columns.getColumnCount(); i++) {
          row.put(columns.getColumnLabel(i), rows.getString(i));
        }
        found.add(row);
      }
    }
    return found;
  }
}
