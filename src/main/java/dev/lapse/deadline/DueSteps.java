package dev.lapse.deadline;

import dev.lapse.approvals.ApprovalsTable;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * The steps that pending approvals have come to, and the one statement that fires them: the sibling
 * of the one that expires.
 *
 * <p>Safe for use by several threads and by any number of instances at once.
 */
final class DueSteps {

  /**
   * Fires up to a batch of steps: writes one outbox record for each, and steps forward.
   *
   * <p>Guarantees: the approval is locked before its step is looked at, so the record stands in the
   * outbox where it happened, among the others of its key; nothing is published for what is
   * decided, overdue, or due at another time than the step was armed for; a step fires once, by
   * whichever instance locked the approval; several that have passed make one record.
   */
  static final String FIRE =
      """
      WITH rest AS MATERIALIZED (
        SELECT EXISTS (SELECT FROM pause
                       WHERE part IN ('expiration', 'ladder') AND resumed_at IS NULL) AS paused,
               -- Times in the attributes, whatever the zone of this host. For this transaction only.
               set_config('TimeZone', 'UTC', true) AS zone
               ${?session} , ${session}
      ),
      due AS MATERIALIZED (
        SELECT approval_id, fire_at, for_deadline
        FROM next_step
        WHERE ladder = ${ladder_id} AND fire_at <= now()
          -- Past those of the last batch, which somebody may hold.
          AND (fire_at, approval_id) > (:afterFireAt::timestamptz, :afterId::text)
          AND NOT (SELECT paused FROM rest)
        ORDER BY fire_at, approval_id
        LIMIT :limit
      ),
      -- Whatever has become of them: what is computed of a locked row is computed of its latest
      -- version. NO KEY: plain FOR UPDATE would skip an approval while a row that references it is
      -- inserted.
      locked AS MATERIALIZED (
        SELECT approval.${id}::text AS id,
               coalesce(${is_pending}, false) AS is_pending,
               -- None where it is infinite, or long ago: no step lies before that.
               CASE WHEN ${due_at} > '0001-01-01Z' AND isfinite(${due_at}) THEN ${due_at} END
                 AS due_at,
               ${created} AS created,
               approval.${status}::text AS status
               ${?version} , approval.${version} AS version
               ${?attributes} , ${attributes} AS attributes
        FROM ${approvals} approval
        WHERE approval.${id} = ANY (ARRAY(SELECT approval_id::${id_type} FROM due))
        FOR NO KEY UPDATE SKIP LOCKED
      ),
      chosen AS MATERIALIZED (
        SELECT due.fire_at AS armed_at, due.for_deadline, locked.*, coming.*, passed.*,
               -- A deadline that moved while no trigger watched is armed for, and nothing is told.
               locked.is_pending AND locked.due_at > now() AND locked.due_at = due.for_deadline
                 AND passed.last_step IS NOT NULL AS fires
        FROM due
        JOIN locked ON locked.id = due.approval_id
        LEFT JOIN LATERAL (
          SELECT ladder.step AS next, fires.at AS next_at
          FROM (VALUES ${ladder}) ladder (step, share, before),
               LATERAL (SELECT coalesce(locked.due_at - before,
                                 locked.created + make_interval(
                                   secs => share * extract(epoch FROM locked.due_at - locked.created)::float8))) fires (at)
          WHERE fires.at > now()
          ORDER BY fires.at
          LIMIT 1
        ) coming ON true
        CROSS JOIN LATERAL (
          SELECT (array_agg(ladder.step ORDER BY fires.at DESC))[1] AS last_step,
                 max(fires.at) AS last_at,
                 (array_agg(ladder.step ORDER BY fires.at DESC))[2:] AS collapsed,
                 coalesce(bool_or(ladder.step = ANY (${escalating})), false) AS escalates
          FROM (VALUES ${ladder}) ladder (step, share, before),
               LATERAL (SELECT coalesce(locked.due_at - before,
                                 locked.created + make_interval(
                                   secs => share * extract(epoch FROM locked.due_at - locked.created)::float8))) fires (at)
          WHERE fires.at <= now() AND fires.at >= due.fire_at
        ) passed
      ),
      stepped AS (
        UPDATE next_step armed
        SET step = chosen.next, fire_at = coalesce(chosen.next_at, 'infinity'),
            for_deadline = coalesce(chosen.due_at, armed.for_deadline)
        FROM chosen
        -- As it was seen: what a writer has changed since, drops out, and comes again.
        WHERE armed.approval_id = chosen.id AND armed.ladder = ${ladder_id}
          AND armed.fire_at = chosen.armed_at AND armed.for_deadline = chosen.for_deadline
        RETURNING chosen.*
      ),
      -- What has no approval any more, for nobody was there to remove it: after TRUNCATE, say.
      gone AS (
        DELETE FROM next_step armed USING due
        WHERE armed.approval_id = due.approval_id AND armed.fire_at = due.fire_at
          AND NOT EXISTS (SELECT FROM ${approvals} approval
                          WHERE approval.${id} = due.approval_id::${id_type})
      ),
      recorded AS (
        INSERT INTO outbox (type, key, payload, headers, occurred_at)
        SELECT CASE WHEN escalates THEN 'ApprovalEscalated' ELSE 'ApprovalExpiring' END,
               id, to_json(event), NULL, now()
        FROM stepped CROSS JOIN LATERAL (
          SELECT id AS "approvalId",
                 status AS "status",
                 ${?version} version AS "version",
                 to_char(due_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS "expiresAt",
                 last_step AS "step",
                 -- Those before it that had passed, too, and are told with it.
                 coalesce(collapsed, '{}') AS "collapsed",
                 to_char(last_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS "scheduledAt",
                 to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS "firedAt"
                 ${?attributes} , CASE WHEN octet_length(attributes::text)
                 ${?attributes}               + 10 * octet_length(id) + 2048 <= 63 * 1024
                 ${?attributes}          THEN attributes END AS "attributes"
        ) event
        WHERE fires
          -- What can be no key in Kafka cannot be told of; one such would fail the whole batch.
          AND length(id) BETWEEN 1 AND 1024
        ORDER BY armed_at, id
        RETURNING 1
      )
      SELECT (SELECT count(*) FROM due) AS due,
             (SELECT count(*) FROM recorded) AS fired,
             (SELECT paused FROM rest) AS paused,
             last.fire_at AS last_fire_at,
             last.approval_id AS last_id
      FROM (SELECT 1) one
      LEFT JOIN (SELECT fire_at::text, approval_id FROM due
                 ORDER BY due.fire_at DESC, due.approval_id DESC LIMIT 1) last ON true
      """;

  /**
   * Arms up to a batch of what no trigger has: it was pending before the ladder was there, or was
   * armed by another one. Steps that have passed are not made up for: nobody asked for them then.
   */
  static final String ARM =
      """
      WITH looked AS MATERIALIZED (
        SELECT approval.${id} AS id, approval.${expires_at} AS expires_at,
               nullif(nullif(${due_at}, 'infinity'), '-infinity') AS due_at
        FROM ${approvals} approval
        WHERE ${is_pending} AND approval.${expires_at} IS NOT NULL
          AND (approval.${expires_at}, approval.${id})
              > (:afterExpiresAt::${deadline_type}, :afterId::${id_type})
        ORDER BY approval.${expires_at}, approval.${id}
        LIMIT :limit
      ),
      missing AS MATERIALIZED (
        SELECT looked.id FROM looked
        WHERE looked.due_at IS NOT NULL
          AND NOT EXISTS (SELECT FROM next_step present
                          WHERE present.approval_id = looked.id::text
                            AND present.ladder = ${ladder_id})
      ),
      -- The approval before its step, as everybody else: so no writer is waited for, or deadlocked
      -- with. What one holds is armed by a later pass.
      locked AS MATERIALIZED (
        SELECT approval.${id} AS id, ${created} AS created,
               CASE WHEN isfinite(${due_at}) THEN ${due_at} END AS due_at
        FROM ${approvals} approval
        WHERE approval.${id} = ANY (ARRAY(SELECT id FROM missing)) AND ${is_pending}
        FOR NO KEY UPDATE SKIP LOCKED
      ),
      armed AS (
        INSERT INTO next_step AS present (approval_id, ladder, step, fire_at, for_deadline)
        SELECT locked.id::text, ${ladder_id}, coming.step, coalesce(coming.fire_at, 'infinity'),
               locked.due_at
        FROM locked
        LEFT JOIN LATERAL (
          SELECT ladder.step, fires.at AS fire_at
          FROM (VALUES ${ladder}) ladder (step, share, before),
               LATERAL (SELECT coalesce(locked.due_at - before,
                                 locked.created + make_interval(
                                   secs => share * extract(epoch FROM locked.due_at - locked.created)::float8))) fires (at)
          WHERE fires.at > now()
          ORDER BY fires.at
          LIMIT 1
        ) coming ON true
        WHERE locked.due_at > '0001-01-01Z'
        -- What a writer's trigger has armed meanwhile, stands.
        ON CONFLICT (approval_id) DO UPDATE
        SET ladder = excluded.ladder, step = excluded.step, fire_at = excluded.fire_at,
            for_deadline = excluded.for_deadline
        WHERE present.ladder <> excluded.ladder
        RETURNING 1
      )
      SELECT (SELECT count(*) FROM looked) AS looked,
             (SELECT count(*) FROM armed) AS armed,
             (SELECT count(*) FROM missing) - (SELECT count(*) FROM locked) AS held,
             last.expires_at AS last_expires_at,
             last.id AS last_id
      FROM (SELECT 1) one
      LEFT JOIN (SELECT expires_at::text, id::text FROM looked
                 ORDER BY looked.expires_at DESC, looked.id DESC LIMIT 1) last ON true
      """;

  /** When the next step is due, or that it has just become so. */
  static final String UNTIL_NEXT =
      """
      SELECT (extract(epoch FROM least(
                greatest(fire_at, clock_timestamp() - interval '1 day'),
                clock_timestamp() + interval '1 day') - clock_timestamp()) * 1000000)::bigint
      FROM next_step
      WHERE ladder = ${ladder_id}
      ORDER BY fire_at, approval_id
      LIMIT 1
      """;

  private final JdbcClient jdbc;
  private final String fire;
  private final String arm;
  private final String untilNext;
  private final ArmedUpTo first;

  DueSteps(JdbcClient jdbc, ApprovalsTable table, Ladder ladder) {
    Map<String, String> words = ladder.words();
    this.jdbc = jdbc;
    this.fire = table.sql(FIRE, words);
    this.arm = table.sql(ARM, words);
    this.untilNext = table.sql(UNTIL_NEXT, words);
    this.first = new ArmedUpTo(table.firstDeadline(), table.firstId());
  }

  /** Fires the next batch. */
  Fired fire(Place after, int limit) {
    return jdbc.sql(fire)
        .param("afterFireAt", after.fireAt())
        .param("afterId", after.id())
        .param("limit", limit)
        .query(
            (row, number) ->
                new Fired(
                    row.getInt("fired"),
                    row.getBoolean("paused"),
                    row.getInt("due") < limit
                        ? null
                        : new Place(row.getString("last_fire_at"), row.getString("last_id"))))
        .single();
  }

  /** Before all that is pending. */
  ArmedUpTo first() {
    return first;
  }

  /** Arms the next batch of what is pending. */
  Armed arm(ArmedUpTo after, int limit) {
    return jdbc.sql(arm)
        .param("afterExpiresAt", after.expiresAt())
        .param("afterId", after.id())
        .param("limit", limit)
        .query(
            (row, number) ->
                new Armed(
                    row.getInt("armed"),
                    row.getInt("held"),
                    row.getInt("looked") < limit
                        ? null
                        : new ArmedUpTo(
                            row.getString("last_expires_at"), row.getString("last_id"))))
        .single();
  }

  /** A day at most, zero or less if it is due, empty if nothing is armed. */
  Optional<Duration> untilNext() {
    return jdbc.sql(untilNext)
        .query((row, number) -> Duration.of(row.getLong(1), ChronoUnit.MICROS))
        .optional();
  }

  /** A place in the order of steps. */
  record Place(String fireAt, String id) {

    static final Place FIRST = new Place("-infinity", "");
  }

  /** A place in the order of deadlines. */
  record ArmedUpTo(String expiresAt, String id) {}

  /**
   * @param fired records that were written
   * @param paused whether it did nothing because of a pause
   * @param next where the next batch goes on; null if there is none
   */
  record Fired(int fired, boolean paused, @Nullable Place next) {}

  /**
   * @param armed approvals that were not, or by another ladder
   * @param held approvals that are still not, for somebody holds them or has decided them
   * @param next where the next batch goes on; null if there is none
   */
  record Armed(int armed, int held, @Nullable ArmedUpTo next) {}
}
