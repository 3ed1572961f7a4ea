package dev.lapse.outbox;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import javax.sql.DataSource;
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
      SELECT format('%1$s:%1$s:', coalesce(xact_id::text::numeric, 2) + 1)
      FROM (SELECT 1) one LEFT JOIN (
        -- PostgreSQL 14 has no max() of these.
        SELECT xact_id FROM outbox ORDER BY xact_id DESC LIMIT 1) last ON true
      """;

  private static final String BEFORE_FIRST = "SELECT coalesce(min(id), 1) - 1 FROM outbox";

  private static final String RESTAMP = "SELECT restamp_outbox()::text";

  private final DataSource dataSource;
  private final JdbcClient jdbc;

  public Restamp(DataSource dataSource) {
    this.dataSource = dataSource;
    this.jdbc = JdbcClient.create(dataSource);
  }

  /** Whether there are rows whose transaction ids this cluster has not issued. */
  public boolean isNeeded() {
    return jdbc.sql(HOLDS_FOREIGN_ROWS).query(Boolean.class).single();
  }

  /** The snapshot under which every row now in the outbox counts as visible. */
  public String snapshotOfEverything() {
    return jdbc.sql(SEES_ALL).query(String.class).single();
  }

  /** The id before the first there is: below it nothing has to be looked for. */
  public long beforeFirst() {
    return jdbc.sql(BEFORE_FIRST).query(Long.class).single();
  }

  /**
   * Makes every row visible to every snapshot of this cluster. It rewrites them all, and takes as
   * long as that takes: given up and tried again, it would wait for the attempt before.
   *
   * @return the snapshot it ran under: rows it did not see carry this cluster's own ids
   */
  public String run() throws SQLException {
    try (Connection connection = dataSource.getConnection()) {
      connection.setNetworkTimeout(Runnable::run, 0); // the pool sets it back
      try (Statement statement = connection.createStatement();
          ResultSet row = statement.executeQuery(RESTAMP)) {
        row.next();
        return row.getString(1);
      }
    }
  }
}
