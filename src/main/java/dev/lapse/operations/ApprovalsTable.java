package dev.lapse.operations;

import java.util.Map;
import java.util.TreeMap;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Checks at start that the approvals table has what expiring needs. An application that had the
 * table before Lapse keeps it as it was, so that a column may be missing.
 */
final class ApprovalsTable {

  private static final Map<String, String> NEEDED =
      Map.of(
          "id", "uuid",
          "status", "text",
          "version", "integer",
          "expires_at", "timestamp with time zone",
          "executed_at", "timestamp with time zone");

  private static final String EXISTS = "SELECT to_regclass('ai_approvals') IS NOT NULL";

  private static final String COLUMNS =
      """
      SELECT attname || ' ' || format_type(atttypid, NULL)
      FROM pg_attribute
      WHERE attrelid = 'ai_approvals'::regclass AND attnum > 0 AND NOT attisdropped
      """;

  private final JdbcClient jdbc;

  ApprovalsTable(JdbcClient jdbc) {
    this.jdbc = jdbc;
  }

  /** Before the migration: the table may be absent, but if it is there it must be usable. */
  void checkIfPresent() {
    if (exists()) {
      checkColumns();
    }
  }

  /** After it, or without one: the table must be there. */
  void check() {
    if (!exists()) {
      throw new UnusableSchemaException(
          "There is no table ai_approvals on the search path.",
          "Let Lapse create it (spring.flyway.enabled=true), or set the schema with"
              + " ?currentSchema=… in SPRING_DATASOURCE_URL.");
    }
    checkColumns();
  }

  private boolean exists() {
    return jdbc.sql(EXISTS).query(Boolean.class).single();
  }

  private void checkColumns() {
    Map<String, String> present = new TreeMap<>();
    for (String column : jdbc.sql(COLUMNS).query(String.class).list()) {
      int space = column.indexOf(' ');
      present.put(column.substring(0, space), column.substring(space + 1));
    }
    StringBuilder problems = new StringBuilder();
    StringBuilder mending = new StringBuilder();
    new TreeMap<>(NEEDED)
        .forEach(
            (column, type) -> {
              String found = present.get(column);
              if (found == null) {
                problems.append("%n  %s is missing (%s)".formatted(column, type));
                mending.append(
                    "%n  ALTER TABLE ai_approvals ADD COLUMN %s %s%s;"
                        .formatted(
                            column, type, column.equals("version") ? " NOT NULL DEFAULT 1" : ""));
              } else if (!found.equals(type)
                  && !(type.equals("text") && found.equals("character varying"))) {
                problems.append("%n  %s is %s, not %s".formatted(column, found, type));
                mending.append(
                    "%n  ALTER TABLE ai_approvals ALTER COLUMN %s TYPE %s;"
                        .formatted(column, type));
              }
            });
    if (!problems.isEmpty()) {
      throw new UnusableSchemaException(
          "The table ai_approvals cannot be used as it is:" + problems,
          "Change the table, for instance:" + mending);
    }
  }
}
