package dev.lapse.retention;

import java.time.Duration;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Deletes from the outbox what is old and published. Safe for use by any number of instances.
 *
 * <p>What may go is decided by the function in the database, whose owner may delete where the
 * service may not: nothing that is not published, nor what waits behind a dead letter.
 */
final class Purge {

  private static final String PURGE =
      """
      SELECT purged, last_id, more, busy
      FROM purge_outbox(:afterId, make_interval(secs => :periodSeconds), :limit)
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
   * @param busy whether it did nothing, since another session purges at this moment
   */
  record Batch(long purged, long lastId, boolean more, boolean busy) {}
}
