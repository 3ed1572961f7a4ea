package dev.lapse.approvals;

import dev.lapse.problem.Problem;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Pending approvals that can never expire, since their id can be no key in Kafka. */
final class UnusableIds {

  /** Those with the earliest deadlines: what cannot expire gathers there. */
  private static final int LOOKED_AT = 10_000;

  private static final String COUNT =
      """
      SELECT count(*) FROM (
        SELECT approval.${id} AS id FROM ${approvals} approval
        WHERE ${is_pending} AND approval.${expires_at} IS NOT NULL
        ORDER BY approval.${expires_at}, approval.${id}
        LIMIT %d
      ) first
      WHERE id IS NULL
        ${?text_id} OR length(id) NOT BETWEEN 1 AND 1024
      """
          .formatted(LOOKED_AT);

  private UnusableIds() {}

  static Optional<Problem> of(JdbcClient jdbc, ApprovalsTable table) {
    long count = jdbc.sql(table.sql(COUNT)).query(Long.class).single();
    return count == 0
        ? Optional.empty()
        : Optional.of(
            new Problem(
                "%d pending approvals have no id, or one that is not 1 to 1024 characters long."
                    .formatted(count),
                "A Kafka key has 1 to 1024 characters here, so they never expire.",
                "-- give them another id, or decide them; a CHECK on the column keeps others out"));
  }
}
