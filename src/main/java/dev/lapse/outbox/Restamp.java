package dev.lapse.outbox;

import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * What has to be done once in a database that was restored into another cluster: its rows carry
 * transaction ids that mean nothing there.
 */
public final class Restamp {

  /**
   * A row that is visible although, by the transaction id stored in it, it cannot be. Rows that
   * pass stay plausible for ever, since a snapshot never sees less than the ones before.
   */
  private static final String HOLDS_FOREIGN_ROWS =
      """
      SELECT EXISTS (
        SELECT FROM outbox
        WHERE xact_id >= pg_snapshot_xmin(pg_current_snapshot())
          AND NOT pg_visible_in_snapshot(xact_id, pg_current_snapshot()))
      """;

  /** A snapshot, by the numbers of the cluster the rows were written in, that sees every row. */
  private static final String SEES_ALL =
      """
      SELECT format('%1$s:%1$s:', coalesce(max(xact_id)::text::numeric, 2) + 1) FROM outbox
      """;

  private static final String RESTAMP = "SELECT restamp_outbox()::text";

  private final JdbcClient jdbc;

  public Restamp(JdbcClient jdbc) {
    this.jdbc = jdbc;
  }

  /** Whether there are rows whose transaction ids this cluster has not issued. */
  public boolean isNeeded() {
    return jdbc.sql(HOLDS_FOREIGN_ROWS).query(Boolean.class).single();
  }

  /** The snapshot under which every row now in the outbox counts as visible. */
  public String snapshotOfEverything() {
    return jdbc.sql(SEES_ALL).query(String.class).single();
  }

  /**
   * Makes every row visible to every snapshot of this cluster.
   *
   * @return the snapshot it ran under: rows it did not see carry this cluster's own ids
   */
  public String run() {
    return jdbc.sql(RESTAMP).query(String.class).single();
  }
}
