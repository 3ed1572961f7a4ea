package dev.lapse.bench;

import java.sql.SQLException;

/** Approvals that are due, and how fast they expired. */
final class Deadlines {

  private static final String DUE =
      """
      INSERT INTO ai_approvals (requested_by, action, expires_at)
      SELECT 'agent-' || n %% 100, 'deploy', now() - interval '1 hour' + n * interval '1 us'
      FROM generate_series(1, %d) n
      """;

  /**
   * By what the batches wrote: each has its transaction's time, so that starting a JVM does not
   * count. Of the last batch there is no end, so it is left out.
   */
  private static final String RATE =
      """
      WITH batch AS (
        SELECT executed_at, count(*) AS approvals FROM ai_approvals
        WHERE status = 'expired' GROUP BY executed_at
      ), part AS (
        SELECT executed_at, approvals,
               sum(approvals) OVER (ORDER BY executed_at) AS up_to
        FROM batch
      ), chosen AS (
        SELECT * FROM part WHERE up_to - approvals >= %d AND up_to - approvals <= %d
      )
      SELECT (SELECT sum(approvals) FROM chosen
              WHERE executed_at < (SELECT max(executed_at) FROM chosen))
             / extract(epoch FROM (SELECT max(executed_at) - min(executed_at) FROM chosen))
      """;

  private Deadlines() {}

  /** Appends that many that are due. */
  static void due(Database database, int count) throws SQLException {
    database.execute(DUE.formatted(count));
  }

  /** Approvals a second, of those that expired as the {@code first} up to the {@code last}. */
  static double rate(Database database, long first, long last) throws SQLException {
    return database.number(RATE.formatted(first, last));
  }
}
