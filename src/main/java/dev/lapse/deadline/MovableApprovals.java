package dev.lapse.deadline;

import dev.lapse.approvals.ApprovalsTable;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * The approvals whose deadlines an extension moves, and the one statement that does. The database's
 * clock decides what has passed.
 */
final class MovableApprovals {

  private static final String IN_WINDOW = "AND approval.${expires_at} < ${window_end}\n";

  private static final String OF_THESE_IDS =
      "AND approval.${id} = ANY ((SELECT :ids::text[]::${id_type}[])::${id_type}[])\n";

  private static final String AFTER =
      """
      AND (approval.${expires_at}, approval.${id})
          > (:afterExpiresAt::${deadline_type}, :afterId::${id_type})
      """;

  /** Pending and not past its deadline, nor moved by this extension, nor due later anyway. */
  private static final String MOVABLE =
      """
      WHERE ${is_pending}
        AND (NOT approval.${expires_at} < ${now}
             -- What has passed may only move while nothing expires: see the mass-expiry protection.
             OR :overdue AND EXISTS (SELECT FROM pause
                                     WHERE part = 'expiration' AND resumed_at IS NULL))
        AND ${due_at} < ${target}
        AND NOT EXISTS (SELECT FROM deadline_move move
                        WHERE move.approval_id = approval.${id}::text
                          AND move.extension = :extension::uuid)
      """;

  /**
   * Moves up to a batch, or does nothing. Both conditions are looked at again of the row as it is
   * locked: so nothing moves that was decided or expired since, and nothing expires that has moved.
   */
  private static final String MOVE =
      """
      WITH rest AS MATERIALIZED (
        SELECT set_config('lapse.actor', :actor, true) AS actor,
               set_config('lapse.reason', :reason, true) AS reason,
               set_config('lapse.extension', :extension, true) AS extension,
               EXISTS (SELECT FROM pause WHERE part = 'expiration' AND resumed_at IS NULL) AS paused,
               -- Whether a trigger records the moves.
               EXISTS (SELECT FROM pg_trigger
                       WHERE tgrelid = ${approvals_literal}::regclass AND tgname = 'lapse_moves'
                         AND tgenabled IN ('O', 'A')) AS recorded
               ${?session} , ${session}
      ),
      chosen AS MATERIALIZED (
        SELECT approval.${id} AS id, approval.${expires_at} AS expires_at, ${due_at} AS due_at
        FROM ${approvals} approval
        %s%s
        ORDER BY approval.${expires_at}, approval.${id}
        LIMIT :limit
        FOR NO KEY UPDATE SKIP LOCKED
      ),
      moved AS (
        UPDATE ${approvals} approval
        SET ${expires_at} = ${moved_to}
            ${?version} , ${version} = coalesce(approval.${version}, 0) + 1
        WHERE approval.${id} = ANY (ARRAY(SELECT id FROM chosen))
          AND CASE WHEN ${is_pending}
                   THEN NOT approval.${expires_at} < ${clock} OR :overdue AND (SELECT paused FROM rest)
                   ELSE false END
        RETURNING approval.${id}::text AS id, ${due_at} AS due_at
      ),
      recorded AS (
        INSERT INTO deadline_move
          (approval_id, moved_as, from_deadline, to_deadline, reason, extension)
        SELECT moved.id, :actor, chosen.due_at, moved.due_at, :reason, :extension::uuid
        FROM moved JOIN chosen ON chosen.id::text = moved.id
        WHERE NOT (SELECT recorded FROM rest)
      ),
      counted AS (
        UPDATE extension SET moved = extension.moved + (SELECT count(*) FROM moved)
        WHERE extension.id = :extension::uuid
      )
      SELECT (SELECT count(*) FROM chosen) AS chosen,
             (SELECT count(*) FROM moved) AS moved,
             last.expires_at AS last_expires_at,
             last.id AS last_id
      FROM (SELECT 1) one
      LEFT JOIN (SELECT expires_at::text, id::text FROM chosen
                 ORDER BY chosen.expires_at DESC, chosen.id DESC LIMIT 1) last ON true
      """;

  private static final String PLAN =
      """
      SELECT count(*) AS approvals, min(${due_at})::text AS first, max(${due_at})::text AS last
      FROM ${approvals} approval
      %s%s
      """;

  private static final String NEXT =
      """
      SELECT approval.${expires_at}::text AS expires_at, approval.${id}::text AS id
      FROM ${approvals} approval
      %s%s
      ORDER BY approval.${expires_at}, approval.${id}
      LIMIT 1
      """;

  /** Of one id: what keeps its deadline where it is, or that it has moved. */
  private static final String STATE =
      """
      SELECT wanted.id || ': ' || CASE
               WHEN approval.${id} IS NULL THEN 'there is no such approval'
               WHEN NOT coalesce(${is_pending}, false)
                 THEN format('too late: it is %%s', approval.${status})
               WHEN ${due_at} IS NULL THEN 'it has no deadline'
               WHEN approval.${expires_at} < ${clock}
                 THEN format('too late: its deadline passed at %%s', ${due_at})
               ELSE format('pending until %%s', ${due_at}) END
      FROM unnest(:ids::text[]) WITH ORDINALITY wanted (id, n)
      LEFT JOIN ${approvals} approval ON approval.${id} = wanted.id::${id_type}
      ORDER BY n
      """
          .replace("%%", "%");

  private static final String MISSING_PRIVILEGE =
      """
      SELECT format('GRANT UPDATE (%I) ON %s TO %I;', attname, attrelid::regclass, current_user)
      FROM pg_attribute
      WHERE attrelid = ${approvals_literal}::regclass AND attname = ${expires_at_literal}
        AND NOT has_column_privilege(attrelid, attnum, 'UPDATE')
      """;

  private static final String WINDOW_END = "SELECT (now() + make_interval(secs => :seconds))::text";

  private final JdbcClient jdbc;
  private final ApprovalsTable table;

  MovableApprovals(JdbcClient jdbc, ApprovalsTable table) {
    this.jdbc = jdbc;
    this.table = table;
  }

  /** Before all that is pending. */
  Key first() {
    return new Key(table.firstDeadline(), table.firstId());
  }

  /** Up to now, if only what is overdue is wanted. */
  Window window(ExtensionRequest request) {
    double seconds = request.dueWithin() == null ? 0 : request.dueWithin().toMillis() / 1000.0;
    return new Window(jdbc.sql(WINDOW_END).param("seconds", seconds).query(String.class).single());
  }

  Extension.Plan plan(ExtensionRequest request, Window window) {
    return plan(request, window, null);
  }

  /**
   * @param extension whose moves are not counted; null for none
   */
  Extension.Plan plan(ExtensionRequest request, Window window, @Nullable UUID extension) {
    return bind(PLAN, extension, request, window, first(), request.ids())
        .query(Extension.Plan.class)
        .single();
  }

  /** Moves the next batch after {@code after}. */
  Batch move(UUID extension, ExtensionRequest request, Window window, Key after, int limit) {
    return bind(MOVE, extension, request, window, after, request.ids())
        .param("actor", request.requestedAs())
        .param("reason", request.reason())
        .param("limit", limit)
        .query(
            (row, number) ->
                new Batch(
                    row.getInt("moved"),
                    row.getInt("chosen") < limit
                        ? null
                        : new Key(row.getString("last_expires_at"), row.getString("last_id"))))
        .single();
  }

  Batch moveOne(UUID extension, ExtensionRequest request, Window window, String id) {
    return bind(MOVE, extension, request, window, first(), List.of(id))
        .param("actor", request.requestedAs())
        .param("reason", request.reason())
        .param("limit", 1)
        .query((row, number) -> new Batch(row.getInt("moved"), null))
        .single();
  }

  /** The one that the next batch would begin with; null if there is none. */
  @Nullable Key next(UUID extension, ExtensionRequest request, Window window, Key after) {
    return bind(NEXT, extension, request, window, after, request.ids())
        .query(Key.class)
        .optional()
        .orElse(null);
  }

  private JdbcClient.StatementSpec bind(
      String statement,
      @Nullable UUID extension,
      ExtensionRequest request,
      Window window,
      Key after,
      List<String> ids) {
    String target =
        request.to() == null
            ? "(greatest(${due_at}, now()) + make_interval(secs => :seconds))"
            : "(:to::timestamptz)";
    String selected = (ids.isEmpty() ? IN_WINDOW : OF_THESE_IDS) + AFTER;
    Map<String, String> where = new TreeMap<>(request.where());
    StringBuilder conditions = new StringBuilder(selected);
    int number = 0;
    for (String column : where.keySet()) {
      conditions.append(
          "AND approval.%s::text = :value%d\n".formatted(ApprovalsTable.quoted(column), number++));
    }
    String sql =
        table.sql(
            statement.formatted(MOVABLE, conditions),
            Map.of(
                "target", table.sql(target),
                "moved_to", table.deadlineAt(table.sql(target)),
                "window_end", table.passedAt("(:windowEnd::timestamptz)")));
    JdbcClient.StatementSpec bound =
        jdbc.sql(sql)
            .param("extension", extension == null ? null : extension.toString())
            .param("overdue", request.overdue())
            .param("windowEnd", window.end())
            .param("afterExpiresAt", after.expiresAt())
            .param("afterId", after.id())
            .param("ids", ids.toArray(String[]::new))
            .param("to", request.to())
            .param("seconds", request.by() == null ? 0.0 : request.by().toMillis() / 1000.0);
    number = 0;
    for (String value : where.values()) {
      bound = bound.param("value" + number++, value);
    }
    return bound;
  }

  Optional<String> missingPrivilege() {
    return jdbc.sql(table.sql(MISSING_PRIVILEGE)).query(String.class).optional();
  }

  /** One line for each id. */
  List<String> states(List<String> ids) {
    return jdbc.sql(table.sql(STATE))
        .param("ids", ids.toArray(String[]::new))
        .query(String.class)
        .list();
  }

  /** Whether the database refuses what is in a row: a limit of moves, or a constraint. */
  static boolean isRefusal(DataAccessException failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof SQLException error
          && error.getSQLState() != null
          && (error.getSQLState().startsWith("23") || error.getSQLState().startsWith("P0"))) {
        return true;
      }
    }
    return false;
  }

  /** A place in the order of deadlines. */
  record Key(String expiresAt, String id) {}

  /**
   * @param end deadlines before it; absolute, so that who resumes has the same one
   */
  record Window(String end) {}

  /**
   * @param moved deadlines
   * @param next where the next batch goes on; null if there is none
   */
  record Batch(int moved, @Nullable Key next) {}
}
