package dev.lapse.outbox;

import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * What has to be done once in a database that was restored into another cluster: its rows carry
 * transaction ids that mean nothing there.
 */
public final class Restamp {

  /**
   * A row that is visible although, by the transaction id stored in it, it cannot be: nobody has
   * begun that transaction yet, in this cluster.
   */
  private static final String OF_THE_FUTURE =
      """
      SELECT EXISTS (
        SELECT FROM outbox WHERE xact_id >= pg_snapshot_xmax(pg_current_snapshot()))
      """;

  /** Or it still runs. Rows that pass stay plausible for ever: a snapshot never sees less. */
  private static final String OF_ONE_STILL_RUNNING =
      """
      SELECT EXISTS (
        SELECT FROM pg_snapshot_xip(pg_current_snapshot()) running
        CROSS JOIN LATERAL (
          SELECT FROM outbox WHERE xact_id BETWEEN running AND running LIMIT 1) found)
      """;

  /** A snapshot, by the numbers of the cluster the rows were written in, that sees every row. */
  private static final String SEES_ALL =
      """
      SELECT format('%1$s:%1$s:', coalesce(xact_id::text::numeric, 2) + 1)
      FROM (SELECT 1) one LEFT JOIN (
        -- PostgreSQL 14 has no max() of these.
        SELECT xact_id FROM outbox ORDER BY xact_id DESC LIMIT 1) last ON true
      """;

  private static final String BEFORE_FIRST = "SELECT coalesce(min(id), 1) - 1 FROM outbox";

  private static final String RESTAMP =
      "SELECT restamped, last_id, more FROM restamp_outbox(:afterId, :limit)";

  private final JdbcClient jdbc;

  public Restamp(JdbcClient jdbc) {
    this.jdbc = jdbc;
  }

  /** Whether there are rows whose transaction ids this cluster has not issued. */
  public boolean isNeeded() {
    return isLikelyNeeded() || jdbc.sql(OF_ONE_STILL_RUNNING).query(Boolean.class).single();
  }

  /** The same but for single ids, at the price of a look at an index, for a monitor. */
  public boolean isLikelyNeeded() {
    return jdbc.sql(OF_THE_FUTURE).query(Boolean.class).single();
  }

  /** The snapshot under which every row now in the outbox counts as visible. */
  public String snapshotOfEverything() {
    return jdbc.sql(SEES_ALL).query(String.class).single();
  }

  /** The id before the first there is: below it nothing has to be looked for. */
  public long beforeFirst() {
    return jdbc.sql(BEFORE_FIRST).query(Long.class).single();
  }

  /** What sees all that was committed before it was asked for, by this cluster's numbers. */
  public String snapshot() {
    return jdbc.sql("SELECT pg_current_snapshot()::text").query(String.class).single();
  }

  /**
   * Makes the next rows in id order visible to every snapshot of this cluster. What it did is kept,
   * whatever becomes of the batches after it; of rows that are done already, it costs a look.
   *
   * @param afterId where the batch before ended, 0 to begin
   * @param limit rows to look at, 100,000 at most
   */
  public Batch run(long afterId, int limit) {
    return jdbc.sql(RESTAMP)
        .param("afterId", afterId)
        .param("limit", limit)
        .query(Batch.class)
        .single();
  }

  /**
   * What one statement did.
   *
   * @param restamped rows changed
   * @param lastId up to which all rows are done
   * @param more whether there may be others above
   */
  public record Batch(long restamped, long lastId, boolean more) {}
}
