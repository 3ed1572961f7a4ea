package dev.lapse.approvals;

import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Asks PostgreSQL whether the SQL in the settings is such as it should be. Changes nothing. */
final class Expressions {

  static final String CONDITION = "lapse.approvals.condition";
  static final String SET = "lapse.approvals.set.";
  static final String SESSION = "lapse.database.settings";

  private static final String PLACED = "LA001";

  /**
   * An index over a copy without rows, which the error at the end takes away again. A role that may
   * make no temporary table is not told.
   */
  private static final String INDEX =
      """
      DO $check$ BEGIN
        CREATE TEMPORARY TABLE lapse_condition (LIKE %s) ON COMMIT DROP;
        CREATE INDEX ON lapse_condition ((1)) WHERE (%s);
        RAISE EXCEPTION USING ERRCODE = 'LA001', MESSAGE = 'it can be indexed';
      END $check$
      """;

  /** What says that no index can have it as its predicate: not immutable, a subquery. */
  private static final Set<String> NOT_INDEXABLE = Set.of("42P17", "0A000");

  private final JdbcClient jdbc;
  private final ApprovalsSettings settings;
  private final SessionSettings session;
  private final String table;

  Expressions(JdbcClient jdbc, ApprovalsSettings settings, SessionSettings session) {
    this.jdbc = jdbc;
    this.settings = settings;
    this.session = session;
    this.table = ApprovalsTable.name(settings);
  }

  /**
   * What PostgreSQL says against each setting, by its name.
   *
   * @param indexed whether there is a due index already, which the condition is part of
   */
  Map<String, String> refused(Map<String, Column> columns, boolean indexed) {
    Map<String, String> refused = new LinkedHashMap<>();
    if (settings.condition() != null) {
      put(refused, CONDITION, condition(settings.condition(), indexed));
    }
    SetColumn.of(settings, columns)
        .forEach(
            (name, set) -> {
              if (set.column().writable() && set.column().generated().isEmpty()) {
                put(refused, SET + name, ask(update(name, set.expression())));
              }
            });
    if (!session.isEmpty()) {
      put(refused, SESSION, ask("SELECT " + session.calls()));
    }
    return refused;
  }

  private @Nullable String condition(String condition, boolean indexed) {
    String flaw = ask("SELECT FROM %s AS approval WHERE (%s) LIMIT 0".formatted(table, condition));
    return flaw != null || indexed ? flaw : index(condition);
  }

  private @Nullable String index(String condition) {
    try {
      jdbc.sql(INDEX.formatted(table, condition)).update();
      return null;
    } catch (DataAccessException e) {
      SQLException cause = cause(e);
      return cause != null
              && !PLACED.equals(cause.getSQLState())
              && NOT_INDEXABLE.contains(String.valueOf(cause.getSQLState()))
          ? message(e)
          : null;
    }
  }

  /** Planned, not run. */
  private String update(String column, String expression) {
    return "EXPLAIN UPDATE %s AS approval SET %s = %s WHERE false"
        .formatted(table, Sql.name(column), expression);
  }

  private @Nullable String ask(String sql) {
    try {
      jdbc.sql(sql).query(row -> {});
      return null;
    } catch (DataAccessException e) {
      return message(e);
    }
  }

  private static void put(Map<String, String> refused, String setting, @Nullable String flaw) {
    if (flaw != null) {
      refused.put(setting, flaw);
    }
  }

  private static @Nullable SQLException cause(DataAccessException e) {
    return e.getMostSpecificCause() instanceof SQLException cause ? cause : null;
  }

  private static String message(DataAccessException e) {
    String message = String.valueOf(e.getMostSpecificCause().getMessage());
    return message.lines().findFirst().orElse(message).strip();
  }
}
