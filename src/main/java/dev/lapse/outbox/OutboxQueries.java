package dev.lapse.outbox;

import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;

/**
 * The questions that {@link OutboxReader} asks. Each answer is one statement, so one snapshot, and
 * begins with a row that tells what that snapshot saw of the database.
 */
final class OutboxQueries {

  /** One for each constant. */
  private static final Map<OriginSource, OutboxQueries> ALL = new EnumMap<>(OriginSource.class);

  static {
    for (OriginSource source : OriginSource.values()) {
      ALL.put(source, new OutboxQueries(source));
    }
  }

  private static final String NO_HIGHEST = ", NULL AS highest\n";

  /** Looked for only where the sequence stands below the position: its ids begin anew. */
  private static final String HIGHEST =
      """
      , CASE WHEN (SELECT last_value FROM outbox_id_seq) < (SELECT id FROM position) THEN
               coalesce((SELECT id || ' ' || event_id FROM outbox ORDER BY id DESC LIMIT 1), '0')
             END AS highest
      """;

  private static final String RECORD =
      OutboxRecord.COLUMNS + ", NULL, NULL, NULL, NULL, NULL, NULL, NULL, record.size, NULL\n";

  /**
   * What a page is of, in id order, with the bytes up to each row; {@link #ITS_END} limits both.
   */
  private static final String PAGE_OF =
      """
      SELECT * FROM (
        SELECT page.*, sum(size) OVER (ORDER BY id ROWS UNBOUNDED PRECEDING) AS bytes FROM (
      """;

  /**
   * Ends a page by rows and by bytes. The server does so, and a page comes in one answer: fetched
   * in parts it would cost a round trip each, and without a limit on bytes any amount of memory.
   */
  private static final String ITS_END =
      """
        ) page
        ORDER BY id LIMIT ?
      ) page
      WHERE bytes - size < ?
      ORDER BY id
      """;

  /**
   * Stragglers (rows at or below the position that its snapshot could not see) and the page above
   * the position, in id order, all under one snapshot.
   *
   * <p>Written as one OR, the planner walks the whole primary key for the stragglers; here each
   * branch is a range of the index on (xact_id, id), whatever the statistics say.
   */
  private static final String STRAGGLERS =
      """
      WITH position AS (
        SELECT ?::bigint AS id, ?::pg_snapshot AS snapshot
      ),
      straggler AS MATERIALIZED (
        SELECT id FROM (
          SELECT outbox.id FROM outbox
          WHERE xact_id >= (SELECT pg_snapshot_xmax(snapshot) FROM position)
            -- No row of a later one is visible. Both bounds, or a planner without statistics
            -- expects a third of the table and reads all of it.
            AND xact_id < pg_snapshot_xmax(pg_current_snapshot())
            AND outbox.id <= (SELECT id FROM position)
          UNION ALL
          SELECT late.id
          FROM position
          CROSS JOIN LATERAL pg_snapshot_xip(snapshot) ended
          -- One by one, and by range: by equality a planner that knows of one transaction only, as
          -- after a restamp, expects all rows of it and reads the whole table.
          CROSS JOIN LATERAL (
            SELECT outbox.id FROM outbox
            WHERE xact_id BETWEEN ended AND ended AND outbox.id <= position.id
            OFFSET 0
          ) late
          -- The rows of one still running, however many, are not looked at.
          WHERE pg_visible_in_snapshot(ended, pg_current_snapshot())
        ) late
        ORDER BY id
        LIMIT ?
      )
      """
          + PAGE_OF;

  private static final String ITS_ROWS =
      HIGHEST
          + """
          UNION ALL
          SELECT found.* FROM straggler CROSS JOIN LATERAL (
            SELECT\s"""
          + RECORD
          + """
            FROM outbox record WHERE record.id = straggler.id
            OFFSET 0 -- keeps the planner from merging with a walk over the primary key
          ) found
          UNION ALL
          (SELECT\s"""
          + RECORD
          + """
           FROM outbox record WHERE record.id > (SELECT id FROM position)
           ORDER BY record.id LIMIT ?)
      """
          + ITS_END;

  /**
   * The next of more stragglers than a page holds: rows up to the position that the later snapshot
   * sees and the earlier did not. It goes along the primary key, so that a whole pass costs one
   * walk however many pages it takes.
   */
  private static final String CATCH_UP_ROWS =
      NO_HIGHEST
          + """
          UNION ALL
          (SELECT\s"""
          + RECORD
          + """
           FROM outbox record
           WHERE record.id > ? AND record.id <= ?
             AND NOT pg_visible_in_snapshot(xact_id, ?::pg_snapshot)
             AND pg_visible_in_snapshot(xact_id, ?::pg_snapshot)
           ORDER BY record.id LIMIT ?)
      """
          + ITS_END;

  /**
   * Records of one key that wait behind a dead letter, up to an id: the position has passed them,
   * and no extent of what is published of the key covers them.
   *
   * <p>By the extent of the greatest id they are either above it, and found along the primary key,
   * or of transactions that it could not see, and found by the index on (xact_id, id).
   */
  private static final String WAITING =
      """
      WITH position AS (
        -- Not always its own id, but one up to it.
        SELECT ?::bigint AS id, ?::pg_snapshot AS snapshot
      ),
      extent AS MATERIALIZED (
        SELECT * FROM unnest(?::bigint[], ?::text[]::pg_snapshot[]) AS extent(id, snapshot)
      ),
      greatest_extent AS MATERIALIZED (
        SELECT id, pg_snapshot_xmin(snapshot) AS xmin FROM extent ORDER BY id DESC LIMIT 1
      ),
      waiting AS MATERIALIZED (
        SELECT id FROM (
          SELECT id, xact_id FROM outbox
          WHERE id > (SELECT id FROM greatest_extent) AND id <= (SELECT id FROM position)
            AND key = ?
          UNION ALL
          SELECT id, xact_id FROM outbox
          WHERE xact_id >= (SELECT xmin FROM greatest_extent)
            AND xact_id < (SELECT pg_snapshot_xmax(snapshot) FROM position)
            AND id <= (SELECT id FROM greatest_extent)
            -- Where ids began anew, the extent may reach beyond the position.
            AND id <= (SELECT id FROM position)
            AND key = ?
        ) record
        WHERE pg_visible_in_snapshot(xact_id, (SELECT snapshot FROM position))
          AND NOT EXISTS (
            SELECT FROM extent
            WHERE record.id <= extent.id AND pg_visible_in_snapshot(xact_id, extent.snapshot))
        ORDER BY id
        LIMIT ?
      )
      """
          + PAGE_OF;

  private static final String WAITING_ROWS =
      NO_HIGHEST
          + """
          UNION ALL
          SELECT found.* FROM waiting CROSS JOIN LATERAL (
            SELECT\s"""
          + RECORD
          + """
            FROM outbox record WHERE record.id = waiting.id
            OFFSET 0
          ) found
      """
          + ITS_END;

  /** Whether no id was handed out since, and no transaction has begun or ended, if that counts. */
  static final String QUIET =
      """
      SELECT (CASE WHEN is_called THEN last_value ELSE last_value - 1 END) = ?
             AND pg_current_snapshot()::text = coalesce(?, pg_current_snapshot()::text)
      FROM outbox_id_seq
      """;

  static final String EVENT = "SELECT event_id::text FROM outbox WHERE id = ?";

  /** What is known of the database apart from any page. */
  final String state;

  /** What comes after the position. */
  final String page;

  /** What comes next of more stragglers than a page holds. */
  final String catchUp;

  /** What waits behind a dead letter. */
  final String waiting;

  private OutboxQueries(OriginSource origin) {
    String row = state(origin);
    state = row + NO_HIGHEST;
    page = STRAGGLERS + row + ITS_ROWS;
    catchUp = PAGE_OF + row + CATCH_UP_ROWS;
    waiting = WAITING + row + WAITING_ROWS;
  }

  static OutboxQueries of(OriginSource source) {
    return Objects.requireNonNull(ALL.get(source));
  }

  /**
   * The database's state, as the first row of every page: id 0 sorts it before all others. A
   * standby has no transaction ids of its own: there it fails, or tells no place in the WAL.
   */
  private static String state(OriginSource origin) {
    return """
      SELECT 0::bigint AS id, NULL::bytea AS event_id, NULL AS type, NULL AS topic, NULL AS key,
             NULL::json AS payload, NULL::jsonb AS headers, NULL::bytea AS occurred_at,
             pg_current_snapshot()::text AS snapshot,
             CASE WHEN NOT pg_is_in_recovery() THEN %s::text END AS lsn,
             %s AS timeline,
             %s::text AS system_identifier,
             (SELECT (CASE WHEN is_called THEN last_value ELSE last_value - 1 END)::text
              FROM outbox_id_seq) AS last_id,
             %s::text AS flush_lsn,
             (extract(epoch FROM now()) * 1000)::bigint::text AS time,
             0 AS size
      """
        .formatted(origin.lsn, origin.timeline, origin.systemIdentifier, origin.flushLsn);
  }
}
