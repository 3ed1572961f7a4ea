package dev.lapse.console;

import dev.lapse.console.Explanation.Moment;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * What happened to one approval beside its end: moves of its deadline, the step that is to come,
 * decisions that came too late, and replays of its records.
 */
final class History {

  /** Of each kind that are worth a person's time. */
  private static final int LISTED = 20;

  /** Late decisions that are looked at, the latest: there is no index on the approval. */
  private static final int LATE_BOUND = 50_000;

  /** The same for replays, which people ask for. */
  private static final int REPLAY_BOUND = 1_000;

  private static final String MOVES =
      """
      SELECT moved_at AS at, moved_by, moved_as, reason,
             CASE WHEN isfinite(from_deadline) THEN from_deadline END AS from_deadline,
             CASE WHEN isfinite(to_deadline) THEN to_deadline END AS to_deadline
      FROM deadline_move WHERE approval_id = :id ORDER BY moved_at DESC LIMIT :listed
      """;

  private static final String STEP =
      """
      SELECT step, fire_at FROM next_step
      WHERE approval_id = :id AND step IS NOT NULL AND fire_at > now()
      """;

  private static final String LATE =
      """
      SELECT at, actor, wanted, status, extract(epoch FROM late)::float8 AS late_seconds
      FROM (SELECT * FROM late_decision ORDER BY id DESC LIMIT :bound) latest
      WHERE approval = :id
      LIMIT :listed
      """;

  /** Those that have come to the record. Of dead letters, a replay does not say which they were. */
  private static final String REPLAYS =
      """
      SELECT started_at AS at, requested_as, to_topic, outcome
      FROM (SELECT * FROM replay ORDER BY started_at DESC LIMIT :bound) latest
      WHERE last_id >= :record AND coalesce((selection ->> 'afterId')::bigint, 0) < :record
        AND NOT coalesce((selection ->> 'deadLetters')::boolean, false)
        AND coalesce((selection ->> 'fromId')::bigint, :record) <= :record
        AND coalesce((selection ->> 'toId')::bigint, :record) >= :record
        AND coalesce(selection ->> 'key', :id) = :id
        AND coalesce(selection ->> 'type', :type) = :type
        AND coalesce((selection ->> 'since')::timestamptz, '-infinity') <= :occurredAt
        AND coalesce((selection ->> 'until')::timestamptz, 'infinity') > :occurredAt
      LIMIT :listed
      """;

  private final JdbcClient jdbc;

  History(JdbcClient jdbc) {
    this.jdbc = jdbc;
  }

  List<Moment> moves(String id) {
    return jdbc.sql(MOVES).param("id", id).param("listed", LISTED).query(Move.class).list().stream()
        .map(Move::moment)
        .toList();
  }

  /** Empty if there is none to come. */
  List<Moment> nextStep(String id) {
    return jdbc.sql(STEP).param("id", id).query(Step.class).list().stream()
        .map(Step::moment)
        .toList();
  }

  List<Moment> lateDecisions(String id) {
    return jdbc
        .sql(LATE)
        .param("id", id)
        .param("bound", LATE_BOUND)
        .param("listed", LISTED)
        .query(Late.class)
        .list()
        .stream()
        .map(Late::moment)
        .toList();
  }

  List<Moment> replays(String id, Records.Found record) {
    return jdbc
        .sql(REPLAYS)
        .param("id", id)
        .param("record", record.id())
        .param("type", record.type())
        .param("occurredAt", record.occurredAt())
        .param("bound", REPLAY_BOUND)
        .param("listed", LISTED)
        .query(Replayed.class)
        .list()
        .stream()
        .map(replay -> replay.moment(record.id()))
        .toList();
  }

  private static String as(String role, @Nullable String person) {
    return person == null || person.isBlank() ? role : "%s (role %s)".formatted(person, role);
  }

  private record Move(
      OffsetDateTime at,
      String movedBy,
      @Nullable String movedAs,
      @Nullable String reason,
      @Nullable OffsetDateTime fromDeadline,
      @Nullable OffsetDateTime toDeadline) {

    Moment moment() {
      return new Moment(
          at.toInstant(),
          "moved",
          "%s moved its deadline from %s to %s%s."
              .formatted(
                  as(movedBy, movedAs),
                  fromDeadline == null ? "none" : fromDeadline.toInstant(),
                  toDeadline == null ? "none" : toDeadline.toInstant(),
                  reason == null ? "" : " (" + reason + ")"));
    }
  }

  private record Step(String step, OffsetDateTime fireAt) {

    Moment moment() {
      return new Moment(
          fireAt.toInstant(),
          "step",
          "Its next step of lapse.ladder, if it is still pending: %s.".formatted(step));
    }
  }

  private record Late(
      OffsetDateTime at,
      @Nullable String actor,
      String wanted,
      @Nullable String status,
      @Nullable Double lateSeconds) {

    Moment moment() {
      List<String> parts = new ArrayList<>();
      parts.add(
          "%s wanted \"%s\" and was refused"
              .formatted(actor == null || actor.isBlank() ? "An approver" : actor, wanted));
      if (lateSeconds != null) {
        parts.add(
            "%s after the deadline"
                .formatted(Spans.of(Duration.ofMillis((long) (lateSeconds * 1000)))));
      }
      parts.add("it was \"%s\"".formatted(status));
      return new Moment(at.toInstant(), "late", String.join(", ", parts) + ".");
    }
  }

  private record Replayed(
      OffsetDateTime at, String requestedAs, @Nullable String toTopic, @Nullable String outcome) {

    Moment moment(long record) {
      return new Moment(
          at.toInstant(),
          "replayed",
          "%s had record %d published again%s%s."
              .formatted(
                  requestedAs,
                  record,
                  toTopic == null ? "" : " to topic " + toTopic,
                  "done".equals(outcome)
                      ? ""
                      : ", in a replay that " + (outcome == null ? "is under way" : outcome)));
    }
  }
}
