package dev.lapse.schema;

import dev.lapse.problem.Problem;
import dev.lapse.problem.UnusableException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.flyway.autoconfigure.FlywayMigrationStrategy;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Migrates, and while somebody holds a table that a migration needs, tries it again and again: each
 * attempt keeps the table's writers waiting for as long as {@link ShortLocks} lets it, and in the
 * pauses they go on. What an earlier start left undone is made up for.
 */
final class PatientMigration implements FlywayMigrationStrategy {

  private static final Logger log = LoggerFactory.getLogger(PatientMigration.class);

  private static final String LOCK_NOT_AVAILABLE = "55P03";

  /**
   * The oldest transaction that holds a table which a migration may wait for. That of the approvals
   * gets triggers, to which who only reads or locks rows is not in the way.
   */
  private static final String HOLDER =
      """
      SELECT holding.relation::regclass::text AS name,
             holding.pid,
             session.application_name AS application,
             coalesce(session.state, 'hidden') AS state,
             coalesce(extract(epoch FROM clock_timestamp() - session.xact_start), 0)::bigint
               AS seconds
      FROM pg_locks holding LEFT JOIN pg_stat_activity session ON session.pid = holding.pid
      WHERE holding.granted
        AND holding.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND (holding.relation = to_regclass(:approvals)
               AND holding.mode NOT IN ('AccessShareLock', 'RowShareLock')
             OR holding.relation IN (SELECT to_regclass(name) FROM unnest(:ours) name))
      ORDER BY holding.mode = 'AccessShareLock', session.xact_start
      LIMIT 1
      """;

  private final int attempts;
  private final Duration pause;

  /**
   * @param attempts until it is given up
   * @param pause between two of them
   */
  PatientMigration(int attempts, Duration pause) {
    this.attempts = attempts;
    this.pause = pause;
  }

  /**
   * @throws UnusableException if the lock could not be had; what was migrated before, stays
   */
  @Override
  public void migrate(Flyway flyway) {
    if (isFirst(flyway)) {
      try {
        TakenNames.beforeTheFirst(flyway.getConfiguration().getDataSource());
      } catch (UnusableException e) {
        if (isFirst(flyway)) { // or it is another instance's, which migrates at this moment
          throw e;
        }
      }
    }
    for (int attempt = 1; !isMigrated(flyway); attempt++) {
      Optional<Holder> holder = holder(flyway);
      if (attempt == attempts) {
        throw givenUp(holder);
      }
      log.warn(
          "A migration could not get its lock; retrying attempt={} of={} retryIn={}s"
              + " holder=\"{}\"",
          attempt,
          attempts,
          pause.toSeconds(),
          name(holder));
      pause();
    }
  }

  private static boolean isFirst(Flyway flyway) {
    return flyway.info().applied().length == 0;
  }

  /** False if a lock was not to be had. */
  private static boolean isMigrated(Flyway flyway) {
    try {
      // One that failed outside of a transaction is on record, and would end every start.
      if (Arrays.stream(flyway.info().all()).anyMatch(one -> one.getState().isFailed())) {
        flyway.repair();
      }
      flyway.migrate();
      return true;
    } catch (FlywayException e) {
      for (Throwable cause = e; cause != null; cause = cause.getCause()) {
        if (cause instanceof SQLException sql && LOCK_NOT_AVAILABLE.equals(sql.getSQLState())) {
          return false;
        }
      }
      throw e;
    }
  }

  private static Optional<Holder> holder(Flyway flyway) {
    try {
      return JdbcClient.create(flyway.getConfiguration().getDataSource())
          .sql(HOLDER)
          .param("approvals", flyway.getConfiguration().getPlaceholders().get("approvals"))
          .param("ours", TakenNames.relations())
          .query(Holder.class)
          .optional();
    } catch (DataAccessException e) { // not every role may ask
      log.debug("Cannot see which session blocks the migration", e);
      return Optional.empty();
    }
  }

  private static String name(Optional<Holder> holder) {
    return holder.map(Holder::toString).orElse("a session that this role cannot see");
  }

  private UnusableException givenUp(Optional<Holder> holder) {
    return new UnusableException(
        "The schema cannot be migrated now:",
        List.of(
            new Problem(
                "A migration could not get its lock (attempts: %d). It is blocked by %s."
                    .formatted(attempts, name(holder)),
                "While it waits, all writers to the table wait, too.",
                "-- restart when that has ended; completed migrations are kept"
                    + holder
                        .map(Holder::pid)
                        .map("%n-- or terminate it: SELECT pg_terminate_backend(%d);"::formatted)
                        .orElse(""))));
  }

  /** A stop of the process ends it, which otherwise waits for the start to be done. */
  private void pause() {
    Thread stop = new Thread(Thread.currentThread()::interrupt);
    Runtime.getRuntime().addShutdownHook(stop);
    try {
      TimeUnit.NANOSECONDS.sleep(pause.toNanos());
      Runtime.getRuntime().removeShutdownHook(stop);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("Stopped while a migration waited for its lock", e);
    }
  }

  /**
   * @param name of the table
   * @param pid of the session; null of a prepared transaction, as is its application
   * @param state what the session does; hidden where our role may not know
   * @param seconds since the transaction began; 0 where our role may not know
   */
  private record Holder(
      String name,
      @Nullable Integer pid,
      @Nullable String application,
      String state,
      long seconds) {

    @Override
    public String toString() {
      String transaction =
          pid == null
              ? "a prepared transaction"
              : "session %d (%s, %s for %d s)".formatted(pid, application, state, seconds);
      return transaction + " on " + name;
    }
  }
}
