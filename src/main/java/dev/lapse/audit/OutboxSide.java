package dev.lapse.audit;

import dev.lapse.outbox.PublishedRows;
import java.time.OffsetDateTime;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.RowCallbackHandler;
import org.springframework.jdbc.core.simple.JdbcClient;

/** The outbox as the audit of Kafka needs it: which records must be there, and what they are. */
final class OutboxSide {

  private static final String CHECKPOINT =
      """
      SELECT published_id, snapshot::text, catch_up_id, catch_up_snapshot::text, dead_letters::text
      FROM relay_checkpoint
      WHERE relay = :relay
      """;

  private static final String KEPT =
      """
      SELECT coalesce((SELECT min(id) FROM outbox), 0) AS oldest,
             coalesce((SELECT purged_id FROM retention), 0) AS purged
      """;

  /**
   * One walk over the range: rows that name a topic are the application's, and there is no index.
   */
  private static final String TOPICS =
      """
      SELECT DISTINCT topic FROM outbox
      WHERE id BETWEEN :from AND :to AND topic IS NOT NULL
      """;

  private static final String EVENTS =
      "SELECT id, event_id::text FROM outbox WHERE id = ANY (:ids)";

  /**
   * Records of the same keys, above these. One walk over the ids between, however many these are.
   */
  private static final String LATER =
      """
      SELECT early.id, later.id AS later_id,
             -- All restamped rows share transaction 2, which tells nothing.
             early.xact_id = later.xact_id AND early.xact_id <> '2' AS same_transaction,
             later.type, later.topic
      FROM outbox early
      JOIN outbox later ON later.key = early.key AND later.id > early.id
      WHERE early.id = ANY (:ids) AND later.id > :least AND later.id <= :most
      LIMIT 100000
      """;

  /**
   * What the checkpoint has passed of a range, along the primary key. Without LIMIT, for which a
   * planner without statistics would sort the rest of the table each time.
   */
  private static final String EXPECTED =
      """
      WITH position AS MATERIALIZED (
        SELECT :publishedId::bigint AS published_id,
               :snapshot::pg_snapshot AS snapshot,
               :catchUpId::bigint AS catch_up_id,
               :catchUpSnapshot::pg_snapshot AS catch_up_snapshot,
               :deadLetters::jsonb AS dead_letters
      ),
      """
          + PublishedRows.LETTERS
          + """
          SELECT record.id, record.type, record.topic, record.key, record.occurred_at,
          """
          + PublishedRows.WAITS
          + """
              AS waits
          FROM outbox record
          CROSS JOIN position
          WHERE record.id > :after AND record.id <= :to AND
          """
          + PublishedRows.PASSED
          + "ORDER BY record.id";

  private final JdbcClient jdbc;

  OutboxSide(JdbcClient jdbc) {
    this.jdbc = jdbc;
  }

  /** What the relay had published when it wrote its checkpoint last; empty if it never did. */
  Optional<Published> published(String relay) {
    return jdbc.sql(CHECKPOINT).param("relay", relay).query(Published.class).optional();
  }

  /** What is still there; whatever was purged before this was asked lies within. */
  Kept kept() {
    return jdbc.sql(KEPT).query(Kept.class).single();
  }

  /** The topics that records of the range name themselves. */
  List<String> topics(long from, long to) {
    return jdbc.sql(TOPICS).param("from", from).param("to", to).query(String.class).list();
  }

  /** The event ids of the records at these ids, as far as there are any. */
  Map<Long, String> events(Collection<Long> ids) {
    Map<Long, String> events = new HashMap<>();
    jdbc.sql(EVENTS)
        .param("ids", ids.toArray(Long[]::new))
        .query((RowCallbackHandler) row -> events.put(row.getLong(1), row.getString(2)));
    return events;
  }

  List<Later> later(Collection<Long> ids, long most) {
    return jdbc.sql(LATER)
        .param("ids", ids.toArray(Long[]::new))
        .param("least", ids.stream().mapToLong(Long::longValue).min().orElse(0))
        .param("most", most)
        .query(Later.class)
        .list();
  }

  List<Expected> expected(Published published, long after, long to) {
    return jdbc.sql(EXPECTED)
        .param("after", after)
        .param("to", to)
        .param("publishedId", published.publishedId())
        .param("snapshot", published.snapshot())
        .param("catchUpId", published.catchUpId())
        .param("catchUpSnapshot", published.catchUpSnapshot())
        .param("deadLetters", published.deadLetters())
        .query(Expected.class)
        .list();
  }

  /** A checkpoint. What is in it was committed in Kafka before it was written. */
  record Published(
      long publishedId,
      String snapshot,
      @Nullable Long catchUpId,
      @Nullable String catchUpSnapshot,
      String deadLetters) {}

  /**
   * How far back the outbox reaches. It does not do so evenly: what waits behind a dead letter is
   * kept, however old, and between and above such records others may be gone.
   *
   * @param oldest the lowest id there is; 0 if there is none
   * @param purged the highest id that retention has purged; 0 if it has none
   */
  record Kept(long oldest, long purged) {

    /** Whether retention, or a purge of somebody's own, may have deleted the record. */
    boolean mayHavePurged(long id) {
      return id <= purged || id < oldest || oldest == 0;
    }
  }

  /** A record of the same key as {@code id}'s, above it, of whatever topic. */
  record Later(
      long id, long laterId, boolean sameTransaction, String type, @Nullable String topic) {}

  /** A record that must be in Kafka, unless it waits behind a dead letter. */
  record Expected(
      long id,
      String type,
      @Nullable String topic,
      String key,
      OffsetDateTime occurredAt,
      boolean waits) {

    /** Names it without its key: that belongs in no log. */
    @Override
    public String toString() {
      return "Expected[id=%d, type=%s]".formatted(id, type);
    }
  }
}
