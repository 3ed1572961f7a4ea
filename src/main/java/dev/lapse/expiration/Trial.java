package dev.lapse.expiration;

import dev.lapse.approvals.ApprovalsTable;
import dev.lapse.problem.Reasons;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;

/**
 * Expires a pending approval by the very statement that sweeps use, with its outbox record, and
 * rolls back. So whatever would refuse it is known before its deadline: a constraint, a trigger, a
 * rule, a privilege, row-level security, a sequence.
 *
 * <p>An approval that is not overdue yet is tried as of its deadline: the statement takes that
 * instant for now, and the guard is deferred to a commit that never comes. What the application's
 * triggers write is rolled back, too; a trigger that acts outside of the database is why the trial
 * can be switched off. It holds one row for milliseconds, waits for nobody, and leaves no trace but
 * a gap in the outbox's ids.
 *
 * <p>Safe for use by several threads and instances at once.
 */
public final class Trial {

  /** Where all of these are refused, it is no matter of one row. */
  private static final int CANDIDATES = 3;

  private static final String LIMITS =
      """
      SELECT set_config('statement_timeout', '5s', true), set_config('lock_timeout', '1s', true)
      """;

  /** For a role that only looks, such as lapse_reader. */
  private static final String FORBIDDEN =
      """
      SELECT format('the role %s may not update %s; try it with the role of the service',
                    current_user, '${approvals}'::regclass)
      WHERE NOT has_any_column_privilege('${approvals}', 'UPDATE')
      """;

  /** By the order of the due index, which ends at the first few. */
  private static final String NEXT =
      """
      SELECT approval.${id}::text AS id,
             approval.${expires_at} < ${now} AS overdue,
             isfinite(${due_at}) AS finite,
             (${due_at} + interval '1 millisecond')::text AS then
      FROM ${approvals} approval
      WHERE ${is_pending} AND approval.${expires_at} IS NOT NULL AND approval.${id} IS NOT NULL
        ${?text_id} AND length(approval.${id}) BETWEEN 1 AND 1024
      ORDER BY approval.${expires_at}, approval.${id}
      LIMIT :candidates
      """;

  private static final String ONE =
      """
      SELECT approval.${id}::text AS id,
             approval.${expires_at} < ${now} AS overdue,
             isfinite(${due_at}) AS finite,
             (${due_at} + interval '1 millisecond')::text AS then
      FROM ${approvals} approval
      WHERE ${is_pending} AND approval.${expires_at} IS NOT NULL
        AND approval.${id} = :id::${id_type}
      """;

  /** What the application defers is checked at once; only our guard against early expiry waits. */
  private static final String CHECK_AT_ONCE = "SET CONSTRAINTS ALL IMMEDIATE";

  private static final String DEFER_THE_GUARD =
      """
      SELECT format('SET CONSTRAINTS %I.ai_approvals_not_due DEFERRED', nspname)
      FROM pg_constraint JOIN pg_namespace ON pg_namespace.oid = connamespace
      WHERE conrelid = '${approvals}'::regclass AND conname = 'ai_approvals_not_due'
        AND condeferrable
      """;

  private static final String IS_MIGRATED = "SELECT to_regclass('outbox') IS NOT NULL";

  /** Before the migrations: gone with the rollback, and invisible to everybody else. */
  private static final String STAND_INS =
      """
      CREATE TEMPORARY TABLE pause (part text, resumed_at timestamptz) ON COMMIT DROP;
      CREATE TEMPORARY TABLE outbox (
        type text, key text, payload json, headers jsonb, occurred_at timestamptz,
        xact_id xid8 DEFAULT pg_current_xact_id()) ON COMMIT DROP;
      """;

  private static final String RECORDS =
      "SELECT count(*) FROM outbox WHERE xact_id = pg_current_xact_id()";

  private static final String TRIGGERS =
      """
      SELECT format('trigger %I of %s', tgname, tgrelid::regclass)
      FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid
      WHERE NOT tgisinternal AND proname = :function
      ORDER BY 1 LIMIT 3
      """;

  private static final Pattern FUNCTION =
      Pattern.compile("function \"?(?:[^\".( ]+\\.)?([^\"( ]+)\"?");

  private final DataSource dataSource;
  private final ApprovalsTable table;
  private final String tryOne;
  private final boolean enabled;

  /**
   * @param enabled whether {@link #run} tries at all
   */
  Trial(DataSource dataSource, ApprovalsTable table, boolean enabled) {
    this.dataSource = dataSource;
    this.table = table;
    this.tryOne = table.sql(DueApprovals.TRY_ONE);
    this.enabled = enabled;
  }

  /** How it came out. */
  public enum Outcome {
    /** The approval would expire, and its event would be in the outbox. */
    PASSED,
    /** None of those that were tried would expire. */
    REFUSED,
    /** There is no pending approval with a deadline. */
    NOTHING_PENDING,
    /** It could not be tried, or is switched off. */
    NOT_TRIED
  }

  /**
   * The result.
   *
   * @param outcome how it came out
   * @param id of the approval that it is about; null if it is about none
   * @param reason why the database refuses it, in its words, or why it was not tried; null if
   *     passed
   * @param early whether it was tried before its deadline
   * @param others approvals before it that are refused although this one passed, with their reasons
   */
  public record Result(
      Outcome outcome,
      @Nullable String id,
      @Nullable String reason,
      boolean early,
      List<Refusal> others) {}

  /** Tries; changes nothing, and throws nothing. */
  public Result run() {
    if (!enabled) {
      return notTried("lapse.expiration.trial is false");
    }
    try (Connection connection = dataSource.getConnection()) {
      boolean autoCommit = connection.getAutoCommit();
      connection.setAutoCommit(false);
      try {
        return tryIn(connection, null);
      } finally {
        if (!connection.isClosed()) {
          connection.rollback();
          connection.setAutoCommit(autoCommit);
        }
      }
    } catch (SQLException | DataAccessException e) {
      return notTried(Reasons.of(e));
    }
  }

  private static Result notTried(String why) {
    return new Result(Outcome.NOT_TRIED, null, why, false, List.of());
  }

  /**
   * Tries one approval in the transaction of {@code connection}, which the caller rolls back.
   *
   * @param id the approval's, as text
   */
  public Result run(Connection connection, String id) throws SQLException {
    return enabled ? tryIn(connection, id) : notTried("lapse.expiration.trial is false");
  }

  private Result tryIn(Connection connection, @Nullable String id) throws SQLException {
    JdbcClient jdbc = JdbcClient.create(new SingleConnectionDataSource(connection, true));
    jdbc.sql(LIMITS).query((row, number) -> row.getString(1)).single();
    if (!jdbc.sql(IS_MIGRATED).query(Boolean.class).single()) {
      jdbc.sql(STAND_INS).update();
    }
    Optional<String> forbidden = jdbc.sql(table.sql(FORBIDDEN)).query(String.class).optional();
    if (forbidden.isPresent()) {
      return notTried(forbidden.get());
    }
    JdbcClient.StatementSpec which =
        id == null
            ? jdbc.sql(table.sql(NEXT)).param("candidates", CANDIDATES)
            : jdbc.sql(table.sql(ONE)).param("id", id);
    List<Candidate> candidates =
        which.query(Candidate.class).stream().filter(Candidate::finite).toList();
    if (candidates.isEmpty()) {
      return new Result(Outcome.NOTHING_PENDING, null, null, false, List.of());
    }
    jdbc.sql(CHECK_AT_ONCE).update();
    Optional<String> deferral = jdbc.sql(table.sql(DEFER_THE_GUARD)).query(String.class).optional();
    deferral.ifPresent(defer -> jdbc.sql(defer).update());
    return tryEach(candidates, connection, jdbc);
  }

  private Result tryEach(List<Candidate> candidates, Connection connection, JdbcClient jdbc)
      throws SQLException {
    List<Refusal> refused = new ArrayList<>();
    boolean early = false;
    for (Candidate candidate : candidates) {
      Savepoint before = connection.setSavepoint();
      try {
        switch (tryOne(candidate, jdbc)) {
          case 1 -> {
            return new Result(
                Outcome.PASSED, candidate.id(), null, !candidate.overdue(), List.copyOf(refused));
          }
          case 0 -> {
            continue; // somebody holds it
          }
          default ->
              refused.add(
                  new Refusal(
                      candidate.id(),
                      "The statement ran, but the approval did not become expired, or no outbox"
                          + " record was written: a trigger or a rule undid it."));
        }
      } catch (DataAccessException e) {
        if (isOfTheGuard(e)) {
          return notTried("nothing is overdue, and the guard refuses an early expiry, as it must");
        }
        if (connection.isClosed()) { // the pool does not keep one that met SQLSTATE 0A000
          return new Result(
              Outcome.REFUSED, candidate.id(), inWords(e), !candidate.overdue(), List.of());
        }
        connection.rollback(before);
        refused.add(new Refusal(candidate.id(), inWords(e) + place(e, jdbc)));
      }
      early |= !candidate.overdue();
    }
    return refused.isEmpty()
        ? notTried("other sessions hold the approvals that are due next")
        : new Result(
            Outcome.REFUSED,
            refused.get(0).id(),
            refused.get(0).reason(),
            early,
            List.copyOf(refused.subList(1, refused.size())));
  }

  /** 1 if it expired with its record, 0 if it is held, else -1. */
  private int tryOne(Candidate candidate, JdbcClient jdbc) {
    long before = jdbc.sql(RECORDS).query(Long.class).single();
    String statement = candidate.overdue() ? tryOne : asOf(candidate.then());
    Tried tried =
        jdbc.sql(statement)
            .param("id", candidate.id())
            .param("limit", 1)
            .param("headers", null)
            .query(Tried.class)
            .single();
    if (tried.due() == 0) {
      return 0;
    }
    long records = jdbc.sql(RECORDS).query(Long.class).single() - before;
    return tried.expired() == 1 && records == 1 ? 1 : -1;
  }

  /** The statement, to which it is that instant now. */
  private String asOf(String instant) {
    String literal = "'%s'::timestamptz".formatted(instant.replace("'", "''"));
    return tryOne.replace("clock_timestamp()", literal).replace("now()", literal);
  }

  private static boolean isOfTheGuard(DataAccessException failure) {
    ServerErrorMessage error = error(failure);
    return error != null && "ai_approvals_not_due".equals(error.getConstraint());
  }

  private static @Nullable ServerErrorMessage error(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof PSQLException error && error.getServerErrorMessage() != null) {
        return error.getServerErrorMessage();
      }
    }
    return null;
  }

  /** PostgreSQL's words, without the row. */
  private static String inWords(DataAccessException failure) {
    ServerErrorMessage error = error(failure);
    if (error == null) {
      return Reasons.of(failure.getMostSpecificCause());
    }
    StringBuilder words =
        new StringBuilder("%s (SQLSTATE %s)".formatted(error.getMessage(), error.getSQLState()));
    if (error.getConstraint() != null && !words.toString().contains(error.getConstraint())) {
      words.append(", constraint ").append(error.getConstraint());
    }
    if (error.getHint() != null) {
      words.append(". Hint: ").append(error.getHint());
    }
    return words.toString().replaceAll("\\s+", " ");
  }

  /** Which trigger it happened in, or which function, if in any. */
  private static String place(DataAccessException failure, JdbcClient jdbc) {
    ServerErrorMessage error = error(failure);
    if (error == null || error.getWhere() == null) {
      return "";
    }
    // The last is the outermost.
    String function =
        FUNCTION
            .matcher(error.getWhere())
            .results()
            .map((MatchResult found) -> found.group(1))
            .reduce((inner, outer) -> outer)
            .orElse(null);
    if (function == null) {
      return "";
    }
    List<String> triggers =
        jdbc.sql(TRIGGERS).param("function", function).query(String.class).list();
    return triggers.isEmpty()
        ? ", in the function " + function
        : ", in the " + String.join(" or the ", triggers);
  }

  private record Candidate(String id, boolean overdue, boolean finite, String then) {}

  private record Tried(int due, int expired) {}
}
