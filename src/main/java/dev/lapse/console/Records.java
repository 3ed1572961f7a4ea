package dev.lapse.console;

import dev.lapse.console.Explanation.Moment;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Finds the outbox records of one key without an index on the key: among the latest ones, and among
 * those from an instant on. Ids grow with time, so a binary search along the primary key leads
 * there.
 */
final class Records {

  /** Rows that one search reads at most: some 100 ms. */
  static final int BOUND = 50_000;

  /** Records of one key that are worth a person's time. */
  private static final int LISTED = 20;

  /** A record may have a lower id than one that occurred before it. */
  private static final int MARGIN = 2_000;

  /** What events of other types tell of an approval. */
  private static final Map<String, String> WORDS =
      Map.of(
          "ApprovalExpiring", "reminded",
          "ApprovalEscalated", "escalated",
          "ApprovalRescheduled", "rescheduled");

  private static final String FIND =
      """
      WITH position AS (
        SELECT published_id, snapshot, catch_up_id, catch_up_snapshot, written_at
        FROM relay_checkpoint WHERE relay = :relay
      ),
      latest AS (SELECT id, key FROM outbox ORDER BY id DESC LIMIT :bound),
      around AS (SELECT id, key FROM outbox WHERE id >= :from ORDER BY id LIMIT :bound),
      found AS MATERIALIZED (
        SELECT id FROM latest WHERE key = :key
        UNION
        SELECT id FROM around WHERE key = :key AND :from > 0
        ORDER BY id DESC LIMIT :listed
      )
      SELECT outbox.id, event_id::text AS event_id, type, occurred_at,
             coalesce((SELECT outbox.id <= published_id AND pg_visible_in_snapshot(xact_id, snapshot)
                              OR outbox.id <= catch_up_id
                                 AND pg_visible_in_snapshot(xact_id, catch_up_snapshot)
                       FROM position), false) AS passed
      FROM outbox WHERE id IN (SELECT id FROM found)
      ORDER BY id
      """;

  private static final String ENDS = "SELECT coalesce(%s(id), 0) FROM outbox";

  private static final String AT =
      "SELECT id, occurred_at FROM outbox WHERE id >= :id ORDER BY id LIMIT 1";

  private static final String BLOCKED =
      """
      SELECT id, reason, refused_at, requeued_at FROM dead_letter
      WHERE relay = :relay AND key = :key
      """;

  private final JdbcClient jdbc;
  private final String relay;

  Records(JdbcClient jdbc, String relay) {
    this.jdbc = jdbc;
    this.relay = relay;
  }

  /**
   * @param passed whether the checkpoint covers it
   */
  record Found(long id, String eventId, String type, OffsetDateTime occurredAt, boolean passed) {

    Moment moment() {
      return new Moment(
          occurredAt.toInstant(),
          WORDS.getOrDefault(type, "record"),
          "Outbox record %d, %s, event %s.".formatted(id, type, eventId),
          id);
    }
  }

  /** A key's dead letter. */
  record Blocked(
      long id, String reason, OffsetDateTime refusedAt, @Nullable OffsetDateTime requeuedAt) {}

  /**
   * @param since from when on to look besides the latest; null for these only
   */
  List<Found> find(String key, @Nullable Instant since) {
    return jdbc.sql(FIND)
        .param("relay", relay)
        .param("key", key)
        .param("bound", BOUND)
        .param("listed", LISTED)
        .param("from", since == null ? 0 : Math.max(1, firstSince(since) - MARGIN))
        .query(Found.class)
        .list();
  }

  Optional<Blocked> blocked(String key) {
    return jdbc.sql(BLOCKED)
        .param("relay", relay)
        .param("key", key)
        .query(Blocked.class)
        .optional();
  }

  /** Some 30 look-ups in the primary key. */
  private long firstSince(Instant since) {
    long low = jdbc.sql(ENDS.formatted("min")).query(Long.class).single();
    long high = jdbc.sql(ENDS.formatted("max")).query(Long.class).single();
    while (low < high) {
      long middle = low + (high - low) / 2;
      boolean earlier =
          jdbc.sql(AT)
              .param("id", middle)
              .query(Place.class)
              .optional()
              .filter(place -> place.occurredAt().toInstant().isBefore(since))
              .isPresent();
      if (earlier) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  private record Place(long id, OffsetDateTime occurredAt) {}
}
