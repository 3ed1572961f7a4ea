package dev.lapse.approvals;

import dev.lapse.approvals.ApprovalsSettings.Unit;
import dev.lapse.problem.Problem;
import java.util.List;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Whether deadlines that are numbers count what the settings say. Seconds that are read as
 * milliseconds lie in 1970, so every approval would expire at once; milliseconds that are read as
 * seconds never pass.
 */
final class EpochCheck {

  /** In seconds the year 5138, in milliseconds 1973. */
  private static final long BETWEEN = 100_000_000_000L;

  /** Bounded: any few rows tell the unit. */
  private static final String SOME =
      """
      SELECT coalesce(min(deadline), 0) AS least, coalesce(max(deadline), 0) AS most
      FROM (SELECT approval.${expires_at} AS deadline FROM ${approvals} approval
            WHERE approval.${expires_at} > 0 LIMIT 1000) few
      """;

  private EpochCheck() {}

  /** Of a table whose structure is well and that the role may read. */
  static List<Problem> of(ApprovalsSettings settings, ApprovalsTable table, JdbcClient jdbc) {
    Unit unit = settings.expiresAtUnit();
    if (unit == null) {
      return List.of();
    }
    Deadlines some = jdbc.sql(table.sql(SOME)).query(Deadlines.class).single();
    boolean wrong = unit == Unit.SECONDS ? some.least() >= BETWEEN : some.most() < BETWEEN;
    if (some.most() == 0 || !wrong) {
      return List.of();
    }
    String other = unit == Unit.SECONDS ? "milliseconds" : "seconds";
    return List.of(
        new Problem(
            "The deadlines of %s look like %s since 1970, for example %d."
                .formatted(table.sql("${approvals}"), other, some.most()),
            "With the wrong unit every approval would expire at once, or none ever.",
            "-- set lapse.approvals.expires-at-unit=" + other));
  }

  private record Deadlines(long least, long most) {}
}
