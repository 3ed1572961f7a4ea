package dev.lapse.console;

import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

/** The end of the outbox, read by its primary key. */
final class LatestEvents {

  /** Read at most in one look: lateness is of a sample where more occurred. */
  private static final int BOUND = 500;

  private static final String LATEST =
      """
      SELECT id, type, key, occurred_at,
             CASE WHEN type = 'ApprovalExpired' THEN left(payload ->> 'expiresAt', 40) END
               AS expires_at
      FROM outbox ORDER BY id DESC LIMIT :bound
      """;

  private final JdbcClient jdbc;

  LatestEvents(JdbcClient jdbc) {
    this.jdbc = jdbc;
  }

  /** The latest first. */
  List<Event> read() {
    return jdbc.sql(LATEST).param("bound", BOUND).query(Event.class).list();
  }

  /**
   * @param expiresAt the deadline of an approval that expired, as its event has it
   */
  record Event(
      long id, String type, String key, OffsetDateTime occurredAt, @Nullable String expiresAt) {

    /** In milliseconds; nothing where somebody else wrote what has no time in it. */
    private Stream<Double> lateness() {
      try {
        return expiresAt == null
            ? Stream.empty()
            : Stream.of(
                Duration.between(Instant.parse(expiresAt), occurredAt.toInstant()).toNanos() / 1e6);
      } catch (DateTimeParseException | ArithmeticException e) {
        return Stream.empty();
      }
    }
  }

  /** Which share of the events above {@code id} tells that an approval expired; 0 without any. */
  static double shareOfExpired(List<Event> events, long id) {
    return events.stream()
        .filter(event -> event.id() > id)
        .mapToInt(event -> event.type().equals("ApprovalExpired") ? 1 : 0)
        .average()
        .orElse(0);
  }

  /** How late approvals expired whose events are above {@code id}; sorted, in milliseconds. */
  static double[] latenessAbove(List<Event> events, long id) {
    double[] found =
        events.stream()
            .filter(event -> event.id() > id)
            .flatMap(Event::lateness)
            .mapToDouble(Double::doubleValue)
            .toArray();
    Arrays.sort(found);
    return found;
  }
}
