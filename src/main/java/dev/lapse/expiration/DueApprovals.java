package dev.lapse.expiration;

import dev.lapse.approvals.ApprovalsTable;
import dev.lapse.problem.OneLine;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * The approvals that are pending past their deadline, and the one statement that makes them expire.
 *
 * <p>The database's clock decides what is due. Safe for use by several threads and by any number of
 * instances at once.
 */
final class DueApprovals {

  private static final String BEHIND_THE_LAST =
      """
      -- Goes on behind the last batch instead of wading through what it left dead.
      AND (approval.${expires_at}, approval.${id})
          > (:afterExpiresAt::${deadline_type}, :afterId::${id_type})
      -- One such would fail the whole batch. SELECT, or each row would make an array of the text.
      AND approval.${id} <> ALL ((SELECT :refused::${id_type}[])::${id_type}[])
      """;

  private static final String OF_THIS_ID = "AND approval.${id} = :id::${id_type}";

  /**
   * Expires up to a batch of what is due and writes one outbox record for each, or does nothing:
   * status, version, executed_at and the records are one statement, so one transaction.
   *
   * <p>Guarantees: an approver who holds a row is neither waited for nor deadlocked with, and what
   * he decides stands; each approval is expired once, by whichever instance locked it.
   */
  private static final String EXPIRE_THESE =
      """
      WITH rest AS MATERIALIZED (
        SELECT EXISTS (SELECT FROM pause WHERE part = 'expiration' AND resumed_at IS NULL) AS paused,
               -- Times in the attributes, whatever the zone of this host. For this transaction only.
               set_config('TimeZone', 'UTC', true) AS zone,
               -- The record is written below, so a trigger need not write one.
               set_config('lapse.recorded', 'true', true) AS recorded
               -- What triggers of the table's own ask for.
               ${?session} , ${session}
               %s
      ),
      -- MATERIALIZED: planned into a join, a LIMIT under a lock may run more than once.
      due AS MATERIALIZED (
        SELECT approval.${id} AS id, approval.${expires_at} AS expires_at
               ${?several_pending} , approval.${status}::text AS previous_status
        FROM ${approvals} approval
        -- Literals, not parameters: only so does the partial index serve every plan.
        WHERE ${is_pending}
          AND approval.${expires_at} < ${now}
          %s
          -- What can be no key in Kafka cannot be told of; one such would fail the whole batch.
          ${?text_id} AND length(approval.${id}) BETWEEN 1 AND 1024
          %s
        ORDER BY approval.${expires_at}, approval.${id}
        LIMIT :limit
        -- NO KEY: plain FOR UPDATE would skip an approval while a row that references it is inserted.
        FOR NO KEY UPDATE SKIP LOCKED
      ),
      updated AS (
        UPDATE ${approvals} approval
        SET ${expiring}
        -- By an array: joined to due by a nested loop, a row newer than the snapshot drops out.
        WHERE approval.${id} = ANY (ARRAY(SELECT id FROM due))
          -- Both again, in a CASE: bare, they lure the planner into the partial index for every row.
          AND ${still_due}
        RETURNING approval.${status} = ${expired} AS is_expired,
                  approval.${id} AS id, ${due_at} AS expires_at, now() AS expired_at
                  ${?version} , approval.${version} AS version
                  ${?attributes} , ${attributes} AS attributes
      ),
      -- A trigger of the table's own may have made something else of it.
      expired AS (
        SELECT * FROM updated
        -- The row as it was locked, and so as it was updated.
        ${?several_pending} JOIN (SELECT due.id AS due_id, previous_status FROM due) due ON due_id = id
        WHERE is_expired
      ),
      recorded AS (
        INSERT INTO outbox (type, key, payload, headers, occurred_at)
        -- to_json of a row, since json_build_object writes blanks that every consumer would store.
        SELECT 'ApprovalExpired', id::text, to_json(event), :headers::jsonb, expired_at
        FROM expired CROSS JOIN LATERAL (
          ${expired_event}
        ) event
        ORDER BY expired.expires_at, expired.id
      )
      SELECT (SELECT count(*) FROM due) AS due,
             (SELECT count(*) FROM expired) AS expired,
             -- A century at the most: a deadline may lie in the year 1, or at -infinity, from which
             -- PostgreSQL before 17 subtracts nothing.
             (SELECT extract(epoch FROM max(
                       expired_at - greatest(expires_at, expired_at - interval '100 years')))
              FROM expired) * 1000000 AS lateness,
             ${now}::text AS due_before,
             last.expires_at AS last_expires_at,
             last.id AS last_id,
             (SELECT paused FROM rest) AS paused
      FROM (SELECT 1) one
      LEFT JOIN (SELECT expires_at::text, id::text FROM due
                 ORDER BY due.expires_at DESC, due.id DESC LIMIT 1) last ON true
      """;

  private static final String UNLESS_PAUSED =
      """
      -- From the commit of a pause on, no batch expires anything, whichever session began it.
      AND NOT (SELECT paused FROM rest)""";

  /** One that is tried by itself may be stuck, and all others wait for it. */
  private static final String FOR_A_SECOND =
      """
      , set_config('lock_timeout',
                   CASE WHEN setting::int BETWEEN 1 AND 1000 THEN setting ELSE '1000' END,
                   true) AS waiting
      FROM pg_settings WHERE name = 'lock_timeout'
      """;

  static final String EXPIRE = EXPIRE_THESE.formatted("", BEHIND_THE_LAST, UNLESS_PAUSED);

  static final String EXPIRE_ONE = EXPIRE_THESE.formatted(FOR_A_SECOND, OF_THIS_ID, UNLESS_PAUSED);

  /** Asks for nothing of it, but that it is asked before a row is changed. */
  private static final String PAUSED_OR_NOT = "AND (SELECT paused FROM rest) IS NOT NULL";

  /** For the {@link Trial}, which a pause does not keep from telling what would happen. */
  static final String TRY_ONE = EXPIRE_THESE.formatted("", OF_THIS_ID, PAUSED_OR_NOT);

  /** One of a batch: without what is held, as that batch was. */
  private static final String ONE_OF_THEM =
      """
      SELECT approval.${id}::text
      FROM ${approvals} approval
      WHERE ${is_pending}
        AND approval.${expires_at} < ${now}
        %s
        ${?text_id} AND length(approval.${id}) BETWEEN 1 AND 1024
      ORDER BY approval.${expires_at} %2$s, approval.${id} %2$s
      OFFSET :skip LIMIT 1
      FOR NO KEY UPDATE SKIP LOCKED
      """;

  private static final String NEXT = ONE_OF_THEM.formatted(BEHIND_THE_LAST, "ASC");

  private static final String LAST = ONE_OF_THEM.formatted(BEHIND_THE_LAST, "DESC");

  /**
   * When the next approval falls due, or that it has just done so. It enters the index where the
   * last sweep ended: before that, a snapshot held somewhere may keep a million dead entries in the
   * way; and at now() it would miss what fell due since.
   */
  static final String UNTIL_NEXT =
      """
      -- Bounded before the subtraction, too: see EXPIRE.
      SELECT (extract(epoch FROM least(
                greatest(least(${due_at}, clock_timestamp() + interval '2 days'),
                         clock_timestamp() - interval '2 days') - clock_timestamp(),
                interval '1 day')) * 1000000)::bigint
      FROM ${approvals} approval
      WHERE ${is_pending}
        AND (approval.${expires_at}, approval.${id})
            > (:afterExpiresAt::${deadline_type}, :afterId::${id_type})
      ORDER BY approval.${expires_at}, approval.${id}
      LIMIT 1
      """;

  /** Of hexadecimal digits and dashes, which need no escaping. */
  private static final String HEADERS = "{\"traceparent\": \"%s\"}";

  private static final String COUNT =
      """
      SELECT count(*) FROM ${approvals} approval
      WHERE ${is_pending} AND approval.${expires_at} < ${now}
        ${?text_id} AND length(approval.${id}) BETWEEN 1 AND 1024
      """;

  private static final String LIST =
      """
      SELECT format('%s due since %s', approval.${id}, ${due_at})
      FROM ${approvals} approval
      WHERE ${is_pending} AND approval.${expires_at} < ${now}
        ${?text_id} AND length(approval.${id}) BETWEEN 1 AND 1024
      ORDER BY approval.${expires_at}, approval.${id}
      LIMIT :limit
      """;

  private final JdbcClient jdbc;
  private final String expire;
  private final String expireOne;
  private final String next;
  private final String last;
  private final String untilNext;
  private final String count;
  private final String list;
  private final Key first;

  /**
   * @param table where the approvals are
   */
  DueApprovals(JdbcClient jdbc, ApprovalsTable table) {
    this.jdbc = jdbc;
    this.expire = table.sql(EXPIRE);
    this.expireOne = table.sql(EXPIRE_ONE);
    this.next = table.sql(NEXT);
    this.last = table.sql(LAST);
    this.untilNext = table.sql(UNTIL_NEXT);
    this.count = table.sql(COUNT);
    this.list = table.sql(LIST);
    this.first = Key.first(table);
  }

  /** Before all that is pending. */
  Key first() {
    return first;
  }

  /** Expires the next batch, untraced. */
  Batch expire(Key after, int limit) {
    return expire(after, limit, new String[0], null);
  }

  /**
   * Expires the next batch, or none of it if the database refuses one.
   *
   * @param after where the batch before this ended
   * @param limit approvals at the most
   * @param refused ids of those to pass over
   * @param traceparent of the sweep, for the headers of each record; null for none
   */
  Batch expire(Key after, int limit, String[] refused, @Nullable String traceparent) {
    JdbcClient.StatementSpec statement = behind(jdbc.sql(expire), after, refused);
    return run(statement, limit, after, traceparent);
  }

  /**
   * Expires one approval, if it is due and nobody holds it.
   *
   * @param after where the sweep is, and stays
   */
  Batch expireOne(String id, Key after, @Nullable String traceparent) {
    return run(jdbc.sql(expireOne).param("id", id), 1, after, traceparent).stayingAt(after);
  }

  /** The id of the one that the next batch would begin with; empty if there is none. */
  Optional<String> next(Key after, String[] refused) {
    return next(after, refused, 0);
  }

  /** The id of the one that follows {@code skip} others. */
  Optional<String> next(Key after, String[] refused, int skip) {
    return one(next, after, refused, skip);
  }

  /** The id of the one that fell due last. */
  Optional<String> last(Key after, String[] refused) {
    return one(last, after, refused, 0);
  }

  private Optional<String> one(String sql, Key after, String[] refused, int skip) {
    return behind(jdbc.sql(sql), after, refused).param("skip", skip).query(String.class).optional();
  }

  private static JdbcClient.StatementSpec behind(
      JdbcClient.StatementSpec statement, Key after, String[] refused) {
    return statement
        .param("afterExpiresAt", after.expiresAt())
        .param("afterId", after.id())
        .param("refused", refused);
  }

  private Batch run(
      JdbcClient.StatementSpec statement, int limit, Key after, @Nullable String traceparent) {
    try {
      return statement
          .param("limit", limit)
          .param("headers", traceparent == null ? null : HEADERS.formatted(traceparent))
          .query((row, number) -> batch(row, limit))
          .single();
    } catch (DataAccessException e) {
      return Refusal.reason(e).map(reason -> Batch.refused(after, reason)).orElseThrow(() -> e);
    }
  }

  private Batch batch(ResultSet row, int limit) throws SQLException {
    boolean more = row.getInt("due") == limit;
    return new Batch(
        row.getInt("expired"),
        Duration.of(row.getLong("lateness"), ChronoUnit.MICROS),
        more
            ? new Key(row.getString("last_expires_at"), row.getString("last_id"))
            : new Key(row.getString("due_before"), first.id()),
        more,
        row.getBoolean("paused"),
        null);
  }

  /**
   * How long until the next deadline, by the database's clock: a day at the most, zero or less if
   * it has passed since, empty if nothing is pending.
   *
   * @param after where the last sweep ended
   */
  Optional<Duration> untilNext(Key after) {
    return jdbc.sql(untilNext)
        .param("afterExpiresAt", after.expiresAt())
        .param("afterId", after.id())
        .query((row, number) -> Duration.of(row.getLong(1), ChronoUnit.MICROS))
        .optional();
  }

  long count() {
    return jdbc.sql(count).query(Long.class).single();
  }

  /** The longest due, one line each, for a person to read. */
  List<String> list(int limit) {
    return jdbc.sql(list).param("limit", limit).query(String.class).list().stream()
        .map(OneLine::of)
        .toList();
  }

  /**
   * A place in the order of deadlines.
   *
   * @param expiresAt as the column has it, in PostgreSQL's own notation, which loses no microsecond
   * @param id the approval's id
   */
  record Key(String expiresAt, String id) {

    /** Before all that is pending. */
    static Key first(ApprovalsTable table) {
      return new Key(table.firstDeadline(), table.firstId());
    }
  }

  /**
   * What one statement did.
   *
   * @param expired approvals it expired
   * @param lateness of the one that waited longest, a century at the most
   * @param next where to go on: behind the last one it locked or, if no more were to be had, at the
   *     instant up to which it looked
   * @param more whether it locked as many as it was allowed to
   * @param paused whether it did nothing because expiring is paused
   * @param refusal why it did nothing, if the database refuses one of its approvals
   */
  record Batch(
      int expired,
      Duration lateness,
      Key next,
      boolean more,
      boolean paused,
      @Nullable String refusal) {

    private static Batch refused(Key after, String reason) {
      return new Batch(0, Duration.ZERO, after, true, false, reason);
    }

    private Batch stayingAt(Key key) {
      return new Batch(expired, lateness, key, !paused, paused, refusal);
    }
  }
}
