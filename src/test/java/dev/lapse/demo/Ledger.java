package dev.lapse.demo;

import static java.util.stream.Collectors.mapping;
import static java.util.stream.Collectors.toList;

import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * What the database holds in the end.
 *
 * @param approvals all of them, by id
 * @param outbox the event ids of the outbox rows of type ApprovalExpired, in the order of the log
 * @param notices those of all other rows, by type
 * @param lateAnswers calls of decide_approval that came too late or second
 */
record Ledger(
    Map<UUID, Approval> approvals,
    List<String> outbox,
    Map<String, List<String>> notices,
    long lateAnswers) {

  private static final String APPROVALS =
      """
      SELECT id, status, expires_at, executed_at,
             status = 'pending' AND expires_at < clock_timestamp() AS overdue
      FROM ai_approvals
      """;

  private static final String OUTBOX =
      "SELECT event_id::text FROM outbox WHERE type = 'ApprovalExpired' ORDER BY id";

  private static final String NOTICES =
      "SELECT type, event_id::text FROM outbox WHERE type <> 'ApprovalExpired' ORDER BY id";

  static Ledger read(JdbcClient jdbc) {
    List<Approval> approvals =
        jdbc.sql(APPROVALS)
            .query(
                (row, number) ->
                    new Approval(
                        row.getObject("id", UUID.class),
                        row.getString("status"),
                        row.getObject("expires_at", OffsetDateTime.class).toInstant(),
                        instant(row.getObject("executed_at", OffsetDateTime.class)),
                        row.getBoolean("overdue")))
            .list();
    return new Ledger(
        approvals.stream().collect(Collectors.toMap(Approval::id, approval -> approval)),
        jdbc.sql(OUTBOX).query(String.class).list(),
        jdbc
            .sql(NOTICES)
            .query((row, number) -> Map.entry(row.getString(1), row.getString(2)))
            .list()
            .stream()
            .collect(
                Collectors.groupingBy(Map.Entry::getKey, mapping(Map.Entry::getValue, toList()))),
        jdbc.sql("SELECT count(*) FROM late_decision").query(Long.class).single());
  }

  private static @Nullable Instant instant(@Nullable OffsetDateTime time) {
    return time == null ? null : time.toInstant();
  }

  List<Approval> expired() {
    return approvals.values().stream().filter(Approval::isExpired).toList();
  }

  long count(String status) {
    return approvals.values().stream().filter(a -> a.status().equals(status)).count();
  }

  /**
   * A row.
   *
   * @param overdue whether it is pending past its deadline
   */
  record Approval(
      UUID id, String status, Instant expiresAt, @Nullable Instant executedAt, boolean overdue) {

    boolean isExpired() {
      return status.equals("expired");
    }

    /** From the deadline to the expiry; for an expired one. */
    Duration lateness() {
      return Duration.between(expiresAt, Objects.requireNonNull(executedAt));
    }
  }
}
