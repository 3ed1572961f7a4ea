package dev.lapse.approvals;

import dev.lapse.approvals.FoundTable.DueIndex;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Which statuses occur, found by a bounded look: at what the statistics know, at an index over the
 * status if there is one, else at the first rows, those of the last ids and a few pages.
 */
final class StatusValues {

  private static final int MOST = 50;

  /** Of 8 kB; a table of up to three times as many is read as a whole. */
  private static final int PAGES = 50;

  private static final String KNOWN =
      """
      SELECT DISTINCT value FROM pg_stats, unnest(most_common_vals::text::text[]) value
      WHERE schemaname = :schema AND tablename = :table AND attname = :status
      LIMIT 50
      """;

  private static final String INDEXED =
      """
      SELECT EXISTS (
        SELECT FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
        JOIN pg_am ON pg_am.oid = relam AND amname = 'btree'
        WHERE indrelid = :oid::oid AND indkey[0] = :status AND indpred IS NULL AND indisvalid)
      """;

  /** One step into the index for each value. */
  private static final String SKIPPING =
      """
      WITH RECURSIVE seen (value) AS (
        (SELECT ${status} FROM ${approvals} WHERE ${status} IS NOT NULL ORDER BY ${status} LIMIT 1)
        UNION ALL
        SELECT (SELECT ${status} FROM ${approvals} approval WHERE approval.${status} > seen.value
                ORDER BY approval.${status} LIMIT 1)
        FROM seen WHERE seen.value IS NOT NULL
      )
      SELECT value::text FROM seen WHERE value IS NOT NULL LIMIT 51
      """;

  private static final String SIZE =
      "SELECT pg_relation_size(:oid::oid) / current_setting('block_size')::int";

  private static final String WHOLE =
      "SELECT DISTINCT ${status}::text FROM ${approvals} WHERE ${status} IS NOT NULL LIMIT 51";

  /** Not by ctid, which a role that may read some columns only may not ask for. */
  private static final String PART =
      """
      SELECT DISTINCT status::text FROM (
        (SELECT ${status} AS status FROM ${approvals} LIMIT 2000)
        UNION ALL
        SELECT ${status} FROM ${approvals} TABLESAMPLE SYSTEM (%1$s)
        %2$s
      ) looked_at
      WHERE status IS NOT NULL
      LIMIT 51
      """;

  /** By the index that keeps ids unique. */
  private static final String LATEST =
      "UNION ALL (SELECT ${status} FROM ${approvals} ORDER BY ${id} DESC LIMIT 1000)";

  private static final String ANY_PENDING =
      """
      SELECT EXISTS (
        SELECT FROM ${approvals} approval WHERE ${is_pending}
        ORDER BY approval.${expires_at}, approval.${id} LIMIT 1)
      """;

  private final JdbcClient jdbc;
  private final ApprovalsTable table;
  private final ApprovalsSettings settings;
  private final FoundTable found;

  StatusValues(
      JdbcClient jdbc, ApprovalsTable table, ApprovalsSettings settings, FoundTable found) {
    this.jdbc = jdbc;
    this.table = table;
    this.settings = settings;
    this.found = found;
  }

  Look look() {
    Column status = found.column(settings.columns().status());
    TreeSet<String> values = new TreeSet<>();
    long pages = jdbc.sql(SIZE).param("oid", found.oid()).query(Long.class).single();
    if (pages <= 3 * PAGES) {
      values.addAll(query(WHOLE));
    } else if (status != null && isIndexed(status)) {
      values.addAll(query(SKIPPING));
    } else {
      values.addAll(known());
      values.addAll(
          query(
              PART.formatted(
                  Double.toString(100.0 * PAGES / pages), found.uniqueId() ? LATEST : "")));
    }
    boolean indexed = found.dueIndex() == DueIndex.PRESENT;
    boolean anyPending =
        (indexed || pages <= 3 * PAGES)
            ? jdbc.sql(table.sql(ANY_PENDING)).query(Boolean.class).single()
            : hasPending(values);
    return new Look(
        List.copyOf(values).subList(0, Math.min(values.size(), MOST)),
        values.size() > MOST,
        anyPending);
  }

  private boolean hasPending(Set<String> values) {
    return settings.statuses().pending().stream().anyMatch(values::contains);
  }

  private boolean isIndexed(Column status) {
    return jdbc.sql(INDEXED)
        .param("oid", found.oid())
        .param("status", status.number())
        .query(Boolean.class)
        .single();
  }

  private List<String> known() {
    return jdbc.sql(KNOWN)
        .param("schema", found.schema())
        .param("table", settings.table())
        .param("status", settings.columns().status())
        .query(String.class)
        .list();
  }

  private List<String> query(String sql) {
    return jdbc.sql(table.sql(sql)).query(String.class).list().stream()
        .map(String::stripTrailing)
        .toList();
  }

  /**
   * @param values that occur, 50 at most
   * @param more whether there are more
   * @param anyPending whether a row is pending
   */
  record Look(List<String> values, boolean more, boolean anyPending) {}
}
