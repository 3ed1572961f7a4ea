package dev.lapse.retention;

import java.time.Duration;
import org.springframework.jdbc.core.simple.JdbcClient;

/** The one statement that deletes from the outbox. Safe for use by any number of instances. */
final class Purge {

  /**
   * Looks at the next rows in id order and deletes what is old, published for all relays, and of no
   * key that waits behind a dead letter.
   *
   * <p>Guarantees: goes by the checkpoints, which lag behind what is published, so never deletes
   * what is not; keeps the row of each checkpoint's own id, by which a relay recognises its
   * database; waits for nobody. Where no relay has ever left a checkpoint, it deletes nothing.
   */
  static final String PURGE =
      """
      WITH alone AS MATERIALIZED (
        -- One instance at a time is enough; it ends with the statement.
        SELECT pg_try_advisory_xact_lock(hashtext('lapse.retention')) AS granted
      ),
      looked AS MATERIALIZED (
        SELECT id, xact_id, key, occurred_at FROM outbox
        WHERE id > :afterId
          AND id < (SELECT min(published_id) FROM relay_checkpoint)
          AND (SELECT granted FROM alone)
        ORDER BY id
        LIMIT :limit
      ),
      waiting AS MATERIALIZED (
        SELECT letter ->> 'key' AS key
        FROM relay_checkpoint, jsonb_array_elements(dead_letters) letter
      ),
      purged AS (
        DELETE FROM outbox
        WHERE id = ANY (ARRAY(
          SELECT id FROM looked
          WHERE occurred_at < now() - make_interval(secs => :periodSeconds)
            -- A straggler below the position, of which it is not known that it is published.
            AND NOT EXISTS (
              SELECT FROM relay_checkpoint
              WHERE NOT pg_visible_in_snapshot(looked.xact_id, relay_checkpoint.snapshot))
            AND key NOT IN (SELECT key FROM waiting)))
        RETURNING id
      )
      SELECT (SELECT count(*) FROM purged) AS purged,
             coalesce((SELECT max(id) FROM looked), :afterId) AS last_id,
             -- A full batch whose last record is old: the next may be, too.
             (SELECT count(*) FROM looked) = :limit
               AND (SELECT occurred_at < now() - make_interval(secs => :periodSeconds)
                    FROM looked ORDER BY id DESC LIMIT 1) AS more
      """;

  private final JdbcClient jdbc;

  Purge(JdbcClient jdbc) {
    this.jdbc = jdbc;
  }

  /**
   * Deletes from the next batch what may go.
   *
   * @param afterId where the batch before this ended, 0 to begin
   */
  Batch run(long afterId, Duration period, int limit) {
    return jdbc.sql(PURGE)
        .param("afterId", afterId)
        .param("periodSeconds", (double) period.toSeconds())
        .param("limit", limit)
        .query(Batch.class)
        .single();
  }

  /**
   * What one statement did.
   *
   * @param purged records deleted
   * @param lastId where to go on
   * @param more whether it may be worth it
   */
  record Batch(long purged, long lastId, boolean more) {}
}
