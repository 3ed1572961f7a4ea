package dev.lapse.console;

import dev.lapse.approvals.ApprovalsTable;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

/** The deadlines of the next 24 hours, read along the due index and no further than a bound. */
final class Deadlines {

  /** Read at most; some 10 ms. */
  static final int BOUND = 10_000;

  /** Half hours in a day. */
  static final int BARS = 48;

  /** More than are shown at once, for some of them pass while they are shown. */
  private static final int NEXT = 40;

  private static final String READ =
      """
      WITH coming AS MATERIALIZED (
        SELECT approval.${id}::text AS id, ${due_at} AS due_at
        FROM ${approvals} approval
        WHERE ${is_pending}
          AND approval.${expires_at} >= ${now} AND approval.${expires_at} < ${never}
        ORDER BY approval.${expires_at}, approval.${id}
        LIMIT :bound + 1
      )
      SELECT NULL::text AS id, NULL::timestamptz AS due_at, bar, count(*) AS count,
             (SELECT count(*) FROM coming) > :bound AS more
      FROM (SELECT floor(extract(epoch FROM due_at - now()) / 1800)::int AS bar
            FROM coming WHERE due_at < now() + interval '24 hours') bars
      GROUP BY bar
      UNION ALL
      (SELECT id, due_at, NULL, NULL, NULL FROM coming ORDER BY due_at, id LIMIT :next)
      """;

  private final JdbcClient jdbc;
  private final String read;

  Deadlines(JdbcClient jdbc, ApprovalsTable table) {
    this.jdbc = jdbc;
    this.read = table.sql(READ);
  }

  /**
   * @param bars approvals whose deadline is in each half hour from now on
   * @param more whether some of them were not counted, since they are beyond the bound
   */
  record Coming(long at, List<Long> bars, boolean more, List<Next> next) {}

  record Next(String id, OffsetDateTime dueAt) {}

  Coming read() {
    Long[] bars = new Long[BARS];
    Arrays.fill(bars, 0L);
    List<Next> next = new ArrayList<>();
    boolean[] more = {false};
    jdbc.sql(read)
        .param("bound", BOUND)
        .param("next", NEXT)
        .query((ResultSet row) -> add(row, bars, next, more));
    return new Coming(System.currentTimeMillis(), List.of(bars), more[0], List.copyOf(next));
  }

  private static void add(ResultSet row, Long[] bars, List<Next> next, boolean[] more)
      throws SQLException {
    String id = row.getString("id");
    if (id != null) {
      next.add(new Next(id, row.getObject("due_at", OffsetDateTime.class)));
      return;
    }
    bars[Math.min(BARS - 1, row.getInt("bar"))] = row.getLong("count");
    more[0] = row.getBoolean("more");
  }

  /**
   * @param limit from which on the mass-expiry protection pauses; null if it is off
   */
  static Map<String, Object> shown(Coming coming, @Nullable Long limit, boolean inside) {
    Map<String, Object> shown = new LinkedHashMap<>();
    shown.put("at", coming.at());
    shown.put("bars", coming.bars());
    shown.put("more", coming.more());
    if (limit != null) {
      shown.put("limit", limit);
    }
    shown.put(
        "next",
        coming.next().stream()
            .map(
                one -> {
                  Map<String, Object> row = new LinkedHashMap<>();
                  row.put("at", one.dueAt().toInstant().toEpochMilli());
                  if (inside) {
                    row.put("id", one.id());
                  }
                  return row;
                })
            .toList());
    return shown;
  }
}
