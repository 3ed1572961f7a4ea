package dev.lapse.outbox;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Reads the outbox from a position on, a page at a time, and hands out only what is on the
 * database's disk. It writes to no table.
 *
 * <p>Plain JDBC and bytes: through {@code JdbcClient} and strings, reading was the slower half of
 * the relay. Safe for use by several threads.
 */
public final class OutboxReader {

  /**
   * The database's state, as the first row of every page: id 0 sorts it before all others. On a
   * standby it fails, as it should, since a standby has no transaction ids of its own.
   */
  private static final String STATE =
      """
      SELECT 0::bigint AS id, NULL AS event_id, NULL AS type, NULL AS topic, NULL AS key,
             NULL::json AS payload, NULL::jsonb AS headers, NULL AS occurred_at,
             pg_current_snapshot()::text AS snapshot,
             pg_current_wal_insert_lsn()::text AS lsn,
             -- From the name of the log file: pg_control_checkpoint() lags behind a promotion.
             substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) AS timeline,
             (SELECT system_identifier::text FROM pg_control_system()) AS system_identifier,
             (SELECT (CASE WHEN is_called THEN last_value ELSE last_value - 1 END)::text
              FROM outbox_id_seq) AS last_id,
             pg_current_wal_flush_lsn()::text AS flush_lsn,
             (extract(epoch FROM now()) * 1000)::bigint::text AS time
      """;

  private static final String NO_HIGHEST = ", NULL AS highest\n";

  /** Looked for only where the sequence stands below the position: its ids begin anew. */
  private static final String HIGHEST =
      """
      , CASE WHEN (SELECT last_value FROM outbox_id_seq) < (SELECT id FROM position) THEN
               coalesce((SELECT id || ' ' || event_id FROM outbox ORDER BY id DESC LIMIT 1), '0')
             END AS highest
      """;

  private static final String RECORD =
      """
      record.id, record.event_id::text, record.type, record.topic, record.key,
             record.payload, record.headers,
             to_char(record.occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
             NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
      """;

  /**
   * Stragglers (rows at or below the position that its snapshot could not see) and the page above
   * the position, in id order, all under one snapshot.
   *
   * <p>Written as one OR, the planner walks the whole primary key for the stragglers; here each
   * branch is a range of the index on (xact_id, id), whatever the statistics say.
   */
  static final String PAGE =
      """
      WITH position AS (
        SELECT ?::bigint AS id, ?::pg_snapshot AS snapshot
      ),
      straggler AS MATERIALIZED (
        SELECT id FROM (
          SELECT outbox.id FROM outbox
          WHERE xact_id >= (SELECT pg_snapshot_xmax(snapshot) FROM position)
            -- No row of a later one is visible. Both bounds, or a planner without statistics
            -- expects a third of the table and reads all of it.
            AND xact_id < pg_snapshot_xmax(pg_current_snapshot())
            AND outbox.id <= (SELECT id FROM position)
          UNION ALL
          SELECT outbox.id FROM outbox
          WHERE xact_id = ANY (ARRAY(
              SELECT xact_id
              FROM position, pg_snapshot_xip(snapshot) xact_id
              -- The rows of one still running, however many, are not looked at.
              WHERE pg_visible_in_snapshot(xact_id, pg_current_snapshot())))
            AND outbox.id <= (SELECT id FROM position)
        ) late
        ORDER BY id
        LIMIT ?
      )
      SELECT * FROM (
      """
          + STATE
          + HIGHEST
          + """
          UNION ALL
          SELECT found.* FROM straggler CROSS JOIN LATERAL (
            SELECT\s"""
          + RECORD
          + """
            FROM outbox record WHERE record.id = straggler.id
            OFFSET 0 -- keeps the planner from merging with a walk over the primary key
          ) found
          UNION ALL
          (SELECT\s"""
          + RECORD
          + """
           FROM outbox record WHERE record.id > (SELECT id FROM position)
           ORDER BY record.id LIMIT ?)
      ) page
      ORDER BY id LIMIT ?
      """;

  /**
   * The next of more stragglers than a page holds: rows up to the position that the later snapshot
   * sees and the earlier did not. It goes along the primary key, so that a whole pass costs one
   * walk however many pages it takes.
   */
  private static final String CATCH_UP =
      "SELECT * FROM ("
          + STATE
          + NO_HIGHEST
          + """
          UNION ALL
          (SELECT\s"""
          + RECORD
          + """
           FROM outbox record
           WHERE record.id > ? AND record.id <= ?
             AND NOT pg_visible_in_snapshot(xact_id, ?::pg_snapshot)
             AND pg_visible_in_snapshot(xact_id, ?::pg_snapshot)
           ORDER BY record.id LIMIT ?)
      ) page
      ORDER BY id LIMIT ?
      """;

  /**
   * Records of one key that wait behind a dead letter: the position has passed them, and no extent
   * of what is published of the key covers them.
   *
   * <p>By the extent of the greatest id they are either above it, and found along the primary key,
   * or of transactions that it could not see, and found by the index on (xact_id, id).
   */
  static final String WAITING =
      """
      WITH position AS (
        SELECT ?::bigint AS id, ?::pg_snapshot AS snapshot
      ),
      extent AS MATERIALIZED (
        SELECT * FROM unnest(?::bigint[], ?::text[]::pg_snapshot[]) AS extent(id, snapshot)
      ),
      greatest_extent AS MATERIALIZED (
        SELECT id, pg_snapshot_xmin(snapshot) AS xmin FROM extent ORDER BY id DESC LIMIT 1
      ),
      waiting AS MATERIALIZED (
        SELECT id FROM (
          SELECT id, xact_id FROM outbox
          WHERE id > (SELECT id FROM greatest_extent) AND id <= (SELECT id FROM position)
            AND key = ?
          UNION ALL
          SELECT id, xact_id FROM outbox
          WHERE xact_id >= (SELECT xmin FROM greatest_extent)
            AND xact_id < (SELECT pg_snapshot_xmax(snapshot) FROM position)
            AND id <= (SELECT id FROM greatest_extent)
            -- Where ids began anew, the extent may reach beyond the position.
            AND id <= (SELECT id FROM position)
            AND key = ?
        ) record
        WHERE pg_visible_in_snapshot(xact_id, (SELECT snapshot FROM position))
          AND NOT EXISTS (
            SELECT FROM extent
            WHERE record.id <= extent.id AND pg_visible_in_snapshot(xact_id, extent.snapshot))
        ORDER BY id
        LIMIT ?
      )
      SELECT * FROM (
      """
          + STATE
          + NO_HIGHEST
          + """
          UNION ALL
          SELECT found.* FROM waiting CROSS JOIN LATERAL (
            SELECT\s"""
          + RECORD
          + """
            FROM outbox record WHERE record.id = waiting.id
            OFFSET 0
          ) found
      ) page
      ORDER BY id LIMIT ?
      """;

  private static final String EVENT = "SELECT event_id::text FROM outbox WHERE id = ?";

  /** What functions of the log say on a standby: object_not_in_prerequisite_state. */
  private static final String IN_RECOVERY = "55000";

  /**
   * Rows a round trip. A row is at most 900 KB large, so this many are some 90 MB: what a reader
   * holds at worst beside its page. More would read hardly faster (measured: 437,000 rows of 300
   * bytes a second with 100 as with 500, 388,000 with 50).
   */
  private static final int FETCH_SIZE = 100;

  private final DataSource dataSource;
  private final int maxRecords;
  private final long maxBytes;

  /**
   * @param maxRecords records a page holds at the most
   * @param maxBytes bytes of key, payload and headers after which a page ends
   */
  public OutboxReader(DataSource dataSource, int maxRecords, long maxBytes) {
    this.dataSource = dataSource;
    this.maxRecords = maxRecords;
    this.maxBytes = maxBytes;
  }

  /**
   * Reads what comes after {@code position}: one statement, so one snapshot.
   *
   * @throws SQLException also when the database is a standby
   */
  public Page read(Position position) throws SQLException {
    return inTransaction(connection -> read(connection, position));
  }

  private Page read(Connection connection, Position position) throws SQLException {
    Position.CatchUp catchUp = position.catchUp();
    return catchUp == null
        ? read(
            connection,
            position,
            PAGE,
            position.publishedId(),
            position.snapshot(),
            maxRecords,
            maxRecords,
            maxRecords + 1)
        : read(
            connection,
            position,
            CATCH_UP,
            catchUp.afterId(),
            position.publishedId(),
            position.snapshot(),
            catchUp.snapshot(),
            maxRecords,
            maxRecords + 1);
  }

  /**
   * Reads what waits behind a dead letter, a page of it. Publishing these leaves the position's id
   * and snapshot where they are.
   *
   * @param position one that holds {@code deadLetter} and is not catching up
   */
  public Page waiting(DeadLetter deadLetter, Position position) throws SQLException {
    List<DeadLetter.Extent> published = deadLetter.published();
    return inTransaction(
        connection ->
            read(
                connection,
                position,
                WAITING,
                position.publishedId(),
                position.snapshot(),
                published.stream().map(DeadLetter.Extent::upToId).toArray(Long[]::new),
                published.stream().map(DeadLetter.Extent::snapshot).toArray(String[]::new),
                deadLetter.key(),
                deadLetter.key(),
                maxRecords,
                maxRecords + 1));
  }

  private Page read(Connection connection, Position position, String sql, Object... parameters)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setFetchSize(FETCH_SIZE);
      for (int i = 0; i < parameters.length; i++) {
        statement.setObject(i + 1, parameters[i]);
      }
      try (ResultSet rows = statement.executeQuery()) {
        rows.next();
        Lsn flushed = Lsn.parse(rows.getString(14));
        Page page = page(position, rows);
        if (!page.isEmpty() && flushed.isBefore(page.database().origin().lsn())) {
          WalFlush.upTo(connection, page.database().origin().lsn());
        }
        return page;
      }
    }
  }

  private Page page(Position position, ResultSet rows) throws SQLException {
    DatabaseState state = state(rows);
    List<OutboxRecord> records = new ArrayList<>();
    long bytes = 0;
    while (bytes < maxBytes && rows.next()) {
      OutboxRecord record = record(rows);
      records.add(record);
      bytes += record.size();
    }
    boolean cut = records.size() == maxRecords || bytes >= maxBytes;
    return new Page(position, records, cut, state);
  }

  private static OutboxRecord record(ResultSet row) throws SQLException {
    return new OutboxRecord(
        row.getLong(1),
        row.getBytes(2),
        row.getString(3),
        row.getString(4),
        row.getBytes(5),
        row.getBytes(6),
        row.getBytes(7),
        row.getBytes(8));
  }

  /** The database as it is now, read apart from any page; everything before its lsn is on disk. */
  public DatabaseState state() throws SQLException {
    return inTransaction(
        connection -> {
          try (PreparedStatement statement = connection.prepareStatement(STATE + NO_HIGHEST);
              ResultSet rows = statement.executeQuery()) {
            rows.next();
            DatabaseState state = state(rows);
            WalFlush.upTo(connection, state.origin().lsn());
            return state;
          }
        });
  }

  /** The event id of the row at {@code id}, if there is one. */
  public Optional<String> eventAt(long id) throws SQLException {
    return inTransaction(
        connection -> {
          try (PreparedStatement statement = connection.prepareStatement(EVENT)) {
            statement.setLong(1, id);
            try (ResultSet row = statement.executeQuery()) {
              return row.next() ? Optional.of(row.getString(1)) : Optional.empty();
            }
          }
        });
  }

  /**
   * One transaction, so one session even behind a pooler: were the log flushed by another, the
   * server might have crashed in between, and lost what was read.
   */
  private <T> T inTransaction(Query<T> query) throws SQLException {
    try (Connection connection = dataSource.getConnection()) {
      connection.setAutoCommit(false); // also: or the driver fetches all rows at once
      T result = runOnPrimary(query, connection);
      connection.rollback(); // nothing was written; ends the snapshot
      connection.setAutoCommit(true);
      return result; // after a failure the pool rolls back, and the failure is what is thrown
    }
  }

  private static <T> T runOnPrimary(Query<T> query, Connection connection) throws SQLException {
    try {
      return query.run(connection);
    } catch (SQLException e) {
      if (IN_RECOVERY.equals(e.getSQLState())) {
        throw new SQLException(
            "The database is a standby, and the relay reads the primary only: let"
                + " spring.datasource.url lead there",
            IN_RECOVERY,
            e);
      }
      throw e;
    }
  }

  @FunctionalInterface
  private interface Query<T> {
    T run(Connection connection) throws SQLException;
  }

  private static DatabaseState state(ResultSet row) throws SQLException {
    return new DatabaseState(
        new Origin(
            row.getLong(12), Integer.parseInt(row.getString(11), 16), Lsn.parse(row.getString(10))),
        row.getString(9),
        row.getLong(13),
        Instant.ofEpochMilli(row.getLong(15)),
        highest(row.getString(16)));
  }

  private static DatabaseState.@Nullable Highest highest(@Nullable String idAndEvent) {
    if (idAndEvent == null) {
      return null;
    }
    String[] parts = idAndEvent.split(" ", 2);
    return new DatabaseState.Highest(Long.parseLong(parts[0]), parts.length == 1 ? null : parts[1]);
  }
}
