package dev.lapse.approvals;

import dev.lapse.approvals.ApprovalsSettings.Columns;
import dev.lapse.approvals.FoundTable.Trigger;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.springframework.jdbc.core.RowCallbackHandler;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Asks the catalog about the triggers of the approvals table. */
final class Triggers {

  private static final String GUARD =
      """
      SELECT tgname::text AS name,
             tgenabled IN ('O', 'A') AS enabled,
             -- That of ai_approvals_final has it since V13.
             pg_get_triggerdef(oid) LIKE '% IS NOT TRUE%' AS refuses_null,
             tgargs AS arguments
      FROM pg_trigger
      WHERE tgrelid = :oid::oid AND tgname IN ('ai_approvals_final', 'ai_approvals_not_due')
      """;

  /** Of functions that run as this role, and belong to one that may do what this one may not. */
  private static final String OTHERS =
      """
      SELECT tgname::text AS name, tgfoid::regprocedure::text AS function
      FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid
      WHERE tgrelid = :oid::oid AND NOT tgisinternal
        AND tgname NOT IN ('ai_approvals_final', 'ai_approvals_not_due')
        AND tgenabled IN ('O', 'A')
        AND tgtype::int & 16 > 0 -- UPDATE
        AND (tgattr::text = '' OR EXISTS ( -- UPDATE OF
               SELECT FROM pg_attribute
               WHERE attrelid = tgrelid AND attnum = ANY (tgattr) AND attname IN (:changed)))
        AND NOT prosecdef AND NOT pg_has_role(proowner, 'USAGE')
      """;

  private final JdbcClient jdbc;
  private final ApprovalsSettings settings;
  private final long oid;

  /**
   * @param oid the table's
   */
  Triggers(JdbcClient jdbc, ApprovalsSettings settings, long oid) {
    this.jdbc = jdbc;
    this.settings = settings;
    this.oid = oid;
  }

  /** Those of the guard that are there, by name. */
  Map<String, Trigger> guard() {
    Map<String, Trigger> guard = new TreeMap<>();
    jdbc.sql(GUARD)
        .param("oid", oid)
        .query(
            (RowCallbackHandler)
                row -> {
                  String arguments = new String(row.getBytes("arguments"), StandardCharsets.UTF_8);
                  guard.put(
                      row.getString("name"),
                      new Trigger(
                          row.getBoolean("enabled"),
                          row.getBoolean("refuses_null"),
                          List.of(arguments.split("\0", 0))));
                });
    return guard;
  }

  /**
   * Others that fire when this role expires an approval, by name, with their functions.
   *
   * @param set further columns that expiring sets
   */
  Map<String, String> others(List<String> set) {
    Columns columns = settings.columns();
    Map<String, String> others = new TreeMap<>();
    jdbc.sql(OTHERS)
        .param("oid", oid)
        .param(
            "changed",
            Stream.concat(
                    Stream.of(columns.status(), columns.version(), columns.executedAt()),
                    set.stream())
                .toList())
        .query(
            (RowCallbackHandler)
                row -> {
                  others.put(row.getString("name"), row.getString("function"));
                });
    return others;
  }
}
