package dev.lapse.status;

import dev.lapse.approvals.ApprovalsTable;
import dev.lapse.outbox.Checkpoints;
import dev.lapse.outbox.OriginSource;
import dev.lapse.status.Status.Count;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

/** What PostgreSQL tells of where things stand, nearly all in one statement, so of one moment. */
final class DatabaseStatus {

  private static final String STATUS =
      """
      WITH position AS MATERIALIZED (
        SELECT published_id, snapshot, catch_up_id, catch_up_snapshot, written_at,
               system_identifier
        FROM relay_checkpoint
        WHERE relay = :relay
      ),
      -- As the relay itself looks for them; see OutboxReader.
      straggler AS MATERIALIZED (
        SELECT id FROM (
          SELECT id, xact_id FROM outbox
          WHERE xact_id >= (SELECT pg_snapshot_xmax(snapshot) FROM position)
            AND xact_id < pg_snapshot_xmax(pg_current_snapshot())
            AND id <= (SELECT published_id FROM position)
          UNION ALL
          -- One by one, and by range: by equality a planner that knows of one transaction only, as
          -- after a dump was restored, would walk over all of it.
          SELECT found.id, found.xact_id
          FROM (
            SELECT running.xact_id FROM position, pg_snapshot_xip(snapshot) running(xact_id)
            WHERE pg_visible_in_snapshot(running.xact_id, pg_current_snapshot())
          ) ended
          CROSS JOIN LATERAL (
            SELECT id, xact_id FROM outbox
            WHERE outbox.xact_id BETWEEN ended.xact_id AND ended.xact_id
              AND id <= (SELECT published_id FROM position)
            OFFSET 0
          ) found
        ) late
        WHERE NOT EXISTS (
          SELECT FROM position
          WHERE late.id <= catch_up_id AND pg_visible_in_snapshot(late.xact_id, catch_up_snapshot))
        LIMIT :bound + 1
      ),
      above AS MATERIALIZED (
        SELECT id, occurred_at FROM outbox
        -- The relay of this very process knows it by the moment.
        WHERE id > greatest((SELECT published_id FROM position), :publishedId)
        ORDER BY id
        LIMIT :bound + 1
      ),
      -- There is no index on the time: the latest records are looked at, whatever they are of.
      latest AS MATERIALIZED (
        SELECT type, occurred_at FROM outbox ORDER BY id DESC LIMIT :bound
      ),
      next_due AS MATERIALIZED (
        SELECT ${due_at} AS expires_at FROM ${approvals} approval
        WHERE ${is_pending}
          AND approval.${expires_at} >= ${now} AND approval.${expires_at} < ${never}
        ORDER BY approval.${expires_at}, approval.${id}
        LIMIT 1
      ),
      -- By id, so from where the last look ended: what was purged leaves dead entries in the index.
      oldest AS MATERIALIZED (
        SELECT id FROM outbox WHERE id >= :fromRecord ORDER BY id LIMIT 1
      ),
      -- Not one by which a relay recognises its database: that is never purged.
      oldest_to_purge AS MATERIALIZED (
        SELECT occurred_at FROM outbox
        WHERE id >= (SELECT id FROM oldest) AND id NOT IN (SELECT published_id FROM relay_checkpoint)
        ORDER BY id
        LIMIT 1
      )
      SELECT
        -- In the order of the index: a planner that thinks many rows pend would scan the table for the
        -- first of them, which may be at its end.
        (SELECT count(*) FROM (
           SELECT FROM ${approvals} approval
           WHERE ${is_pending}
           ORDER BY approval.${expires_at}, approval.${id} LIMIT :bound + 1) p) AS pending,
        (SELECT count(*) FROM (
           SELECT FROM ${approvals} approval
           WHERE ${is_pending} AND approval.${expires_at} < ${now}
           ORDER BY approval.${expires_at}, approval.${id} LIMIT :bound + 1) d) AS due,
        (SELECT expires_at FROM next_due) AS next_due,
        (SELECT extract(epoch FROM least(expires_at - now(), interval '100 years')) FROM next_due)
          AS next_due_seconds,
        (SELECT count(*) FROM latest
         WHERE type = 'ApprovalExpired' AND occurred_at >= date_trunc('day', now()))
          AS expired_today,
        (SELECT count(*) = :bound AND min(occurred_at) >= date_trunc('day', now()) FROM latest)
          AS expired_more,
        (SELECT count(*) FROM straggler) AS stragglers,
        (SELECT count(*) FROM above) AS above,
        (SELECT extract(epoch FROM clock_timestamp() - min(occurred_at))
         FROM (SELECT min(occurred_at) AS occurred_at FROM above
               UNION ALL
               SELECT min(occurred_at) FROM outbox WHERE id = ANY (ARRAY(SELECT id FROM straggler))
              ) unpublished) AS oldest_unpublished_seconds,
        (SELECT published_id FROM position) AS published_id,
        (SELECT extract(epoch FROM clock_timestamp() - written_at) FROM position)
          AS checkpoint_seconds,
        (SELECT CASE WHEN system_identifier =
      """
          + OriginSource.TRANSACTIONS.systemIdentifier()
          + """
                THEN 'TRANSACTIONS' ELSE 'WAL' END
         FROM position) AS origin_source,
        (SELECT count(*) FROM dead_letter WHERE relay = :relay) AS dead_letters,
        (SELECT extract(epoch FROM
                   now() - greatest(${due_at}, now() - interval '100 years'))
         FROM ${approvals} approval
         WHERE ${is_pending} AND approval.${expires_at} < ${now}
         ORDER BY approval.${expires_at}, approval.${id}
         LIMIT 1) AS overdue_seconds,
        pg_total_relation_size('outbox') AS outbox_bytes,
        (SELECT id FROM oldest) AS oldest_record_id,
        (SELECT extract(epoch FROM clock_timestamp() - occurred_at) FROM oldest_to_purge)
          AS oldest_record_seconds,
        (SELECT coalesce(sum(events), 0) FROM replay) AS replayed
      """;

  private static final String LAST_ERRORS =
      "SELECT loop, instance, reason, failed_at AS at FROM last_error ORDER BY failed_at DESC";

  private static final String PAUSED =
      "SELECT part, reason, since FROM pause WHERE resumed_at IS NULL ORDER BY part";

  private final JdbcClient jdbc;
  private final Checkpoints checkpoints;
  private final OldestTransaction oldestTransaction;
  private final String status;
  private final String relay;

  DatabaseStatus(JdbcClient jdbc, ApprovalsTable table, String relay) {
    this.jdbc = jdbc;
    this.checkpoints = new Checkpoints(jdbc);
    this.oldestTransaction = new OldestTransaction(jdbc);
    this.status = table.sql(STATUS);
    this.relay = relay;
  }

  Status.Database read(Status.Look look) {
    List<Status.Paused> paused = jdbc.sql(PAUSED).query(Status.Paused.class).list();
    List<Checkpoints.Stale> stopped = checkpoints.stale();
    List<Status.LastError> errors = jdbc.sql(LAST_ERRORS).query(Status.LastError.class).list();
    Status.Transaction transaction = oldestTransaction.find();
    return jdbc.sql(status)
        .param("relay", relay)
        .param("bound", look.bound())
        .param("publishedId", look.publishedId())
        .param("fromRecord", look.fromRecord())
        .query((row, number) -> status(row, look.bound(), paused, stopped, transaction, errors))
        .single();
  }

  private static Status.Database status(
      ResultSet row,
      int bound,
      List<Status.Paused> paused,
      List<Checkpoints.Stale> stopped,
      Status.@Nullable Transaction oldestTransaction,
      List<Status.LastError> errors)
      throws SQLException {
    long stragglers = row.getLong("stragglers");
    String originSource = row.getString("origin_source");
    return new Status.Database(
        bounded(row.getLong("pending"), bound),
        bounded(row.getLong("due"), bound),
        row.getObject("next_due", OffsetDateTime.class),
        seconds(row, "next_due_seconds"),
        new Count(row.getLong("expired_today"), row.getBoolean("expired_more")),
        bounded(stragglers + row.getLong("above"), bound),
        bounded(stragglers, bound),
        seconds(row, "oldest_unpublished_seconds"),
        row.getObject("published_id", Long.class),
        seconds(row, "checkpoint_seconds"),
        row.getLong("dead_letters"),
        paused,
        stopped,
        seconds(row, "overdue_seconds"),
        row.getLong("outbox_bytes"),
        row.getObject("oldest_record_id", Long.class),
        seconds(row, "oldest_record_seconds"),
        row.getLong("replayed"),
        oldestTransaction,
        errors,
        originSource == null ? null : OriginSource.valueOf(originSource));
  }

  private static Count bounded(long count, int bound) {
    return new Count(Math.min(count, bound), count > bound);
  }

  private static @Nullable Double seconds(ResultSet row, String column) throws SQLException {
    double seconds = row.getDouble(column);
    return row.wasNull() ? null : seconds;
  }
}
