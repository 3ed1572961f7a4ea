package dev.lapse.console;

import dev.lapse.approvals.ApprovalsTable;
import dev.lapse.expiration.Trial;
import dev.lapse.problem.Reasons;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Tries what an expiry run does to one approval, and rolls it back. It waits at most a second for a
 * lock, and names the session that holds it. Uses two connections at once.
 */
final class RowProbe {

  /** Of the waiting statement; the trial after it has limits of its own. */
  private static final String LIMITS =
      "SET LOCAL lock_timeout = '1s'; SET LOCAL statement_timeout = '3s'";

  /** A wait that was given up, an outage, a server that is read only: nothing about the row. */
  private static final Pattern NOT_ABOUT_THE_ROW =
      Pattern.compile("SQLSTATE (55P03|57014|08...|25006)");

  private static final String LOCK =
      """
      SELECT FROM ${approvals} approval
      WHERE approval.${id} = ?::${id_type} FOR NO KEY UPDATE
      """;

  /** What others hold is visible to everybody; since when only to members of pg_read_all_stats. */
  private static final String HOLDER =
      """
      SELECT blocker.pid, activity.application_name, activity.usename,
             extract(epoch FROM clock_timestamp() - activity.xact_start)::bigint AS seconds
      FROM unnest(pg_blocking_pids(?)) blocker(pid)
      LEFT JOIN pg_stat_activity activity USING (pid)
      LIMIT 1
      """;

  private static final long POLL = 20; // ms

  private final DataSource dataSource;
  private final String lock;
  private final Trial trial;

  RowProbe(DataSource dataSource, ApprovalsTable table, Trial trial) {
    this.dataSource = dataSource;
    this.lock = table.sql(LOCK);
    this.trial = trial;
  }

  /**
   * What a trial met.
   *
   * @param holder who holds the row; null if nobody does
   * @param refusal why the database does not let it expire; null if it does
   * @param untried why nothing could be tried; null if it was
   */
  record Found(@Nullable String holder, @Nullable String refusal, @Nullable String untried) {}

  Found probe(String id) throws SQLException {
    try (Connection trying = dataSource.getConnection();
        Connection looking = dataSource.getConnection()) {
      int pid = pid(trying);
      CompletableFuture<Found> outcome = CompletableFuture.supplyAsync(() -> tryOne(trying, id));
      String holder = null;
      while (true) {
        try {
          Found found = outcome.get(POLL, TimeUnit.MILLISECONDS);
          return found.untried() != null && holder != null ? new Found(holder, null, null) : found;
        } catch (TimeoutException e) {
          holder = holder == null ? holder(looking, pid) : holder;
        } catch (ExecutionException e) {
          throw new SQLException(e.getCause());
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          throw new SQLException(e);
        }
      }
    }
  }

  private static int pid(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SELECT pg_backend_pid()")) {
      row.next();
      return row.getInt(1);
    }
  }

  /** Ends with a rollback whatever happens. */
  private Found tryOne(Connection connection, String id) {
    try {
      connection.setAutoCommit(false);
      try (Statement statement = connection.createStatement()) {
        statement.execute(LIMITS);
        take(connection, id);
        return found(trial.run(connection, id));
      } catch (SQLException e) {
        return new Found(null, null, Reasons.of(e));
      } finally {
        if (!connection.isClosed()) { // the pool does not keep one that met SQLSTATE 0A000
          connection.rollback();
          connection.setAutoCommit(true);
        }
      }
    } catch (SQLException e) {
      return new Found(null, null, Reasons.of(e));
    }
  }

  private void take(Connection connection, String id) throws SQLException {
    try (PreparedStatement locking = connection.prepareStatement(lock)) {
      locking.setString(1, id);
      locking.executeQuery().close();
    }
  }

  private static Found found(Trial.Result result) {
    String reason = result.reason();
    return switch (result.outcome()) {
      case PASSED -> new Found(null, null, null);
      case REFUSED ->
          reason != null && NOT_ABOUT_THE_ROW.matcher(reason).find()
              ? new Found(null, null, reason)
              : new Found(null, reason, null);
      case NOTHING_PENDING -> new Found(null, null, "it is not pending any more");
      case NOT_TRIED -> new Found(null, null, reason);
    };
  }

  private static @Nullable String holder(Connection looking, int pid) throws SQLException {
    try (PreparedStatement asking = looking.prepareStatement(HOLDER)) {
      asking.setInt(1, pid);
      try (ResultSet row = asking.executeQuery()) {
        if (!row.next()) {
          return null;
        }
        if (row.getInt("pid") == 0) {
          return "a prepared transaction (see pg_prepared_xacts)";
        }
        String seconds = row.getString("seconds");
        return "session pid=%d application=\"%s\" role=\"%s\"%s"
            .formatted(
                row.getInt("pid"),
                row.getString("application_name"),
                row.getString("usename"),
                seconds == null ? "" : ", in a transaction for " + seconds + " s");
      }
    }
  }
}
