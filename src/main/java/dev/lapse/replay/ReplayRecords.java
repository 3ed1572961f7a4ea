package dev.lapse.replay;

import dev.lapse.outbox.OutboxRecord;
import dev.lapse.outbox.PublishedRows;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.sql.Types;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * The records of a selection, along the primary key of the outbox. A look goes over so many ids and
 * no further, so that none takes long, whatever is selected and however large the outbox is.
 *
 * <p>Selected is only what the relay's checkpoint counts as published, so that no replay overtakes
 * the first publication of an event.
 */
final class ReplayRecords {

  /** Ids of one look at the most: a quarter of a second where none of them is selected. */
  static final int MAX_WALK = 200_000;

  /** Records of a page, which is one Kafka transaction. */
  static final int MAX_RECORDS = 1000;

  private static final long MAX_BYTES = 4 * 1024 * 1024;
  private static final int FETCH_SIZE = 100;

  private static final String PUBLISHED_ID =
      "SELECT published_id FROM relay_checkpoint WHERE relay = ?";

  private static final String POSITION =
      """
      WITH position AS MATERIALIZED (
        SELECT published_id, snapshot, catch_up_id, catch_up_snapshot, dead_letters
        FROM relay_checkpoint
        WHERE relay = ?
      ),
      """
          + PublishedRows.LETTERS;

  private static final String SELECTED =
      """
      FROM outbox record
      CROSS JOIN (
        SELECT ?::bigint AS after_id, ?::bigint AS to_id, ?::timestamptz AS since,
               ?::timestamptz AS until, ?::text AS key, ?::text AS type, ?::boolean AS waiting
      ) wanted
      CROSS JOIN position
      WHERE record.id > wanted.after_id AND record.id <= wanted.to_id
        AND (wanted.since IS NULL OR record.occurred_at >= wanted.since)
        AND (wanted.until IS NULL OR record.occurred_at < wanted.until)
        AND (wanted.key IS NULL OR record.key = wanted.key)
        AND (wanted.type IS NULL OR record.type = wanted.type)
        AND\s"""
          + PublishedRows.PASSED
          + "AND wanted.waiting = "
          + PublishedRows.WAITS;

  static final String COUNT =
      POSITION
          + """
          SELECT count(*),
                 coalesce(sum(octet_length(record.key) + octet_length(record.payload::text)
                              + coalesce(octet_length(record.headers::text), 0)), 0),
                 coalesce(min(record.id), 0),
                 coalesce(max(record.id), 0)
          """
          + SELECTED;

  private static final String PAGE =
      POSITION
          + "SELECT "
          + OutboxRecord.COLUMNS
          + ", (extract(epoch FROM now()) * 1000)::bigint AS now\n"
          + SELECTED
          + "ORDER BY record.id LIMIT ?";

  private final DataSource dataSource;
  private final String relay;

  ReplayRecords(DataSource dataSource, String relay) {
    this.dataSource = dataSource;
    this.relay = relay;
  }

  /**
   * The highest id that the selection can reach now.
   *
   * @throws IllegalStateException if the relay has published nothing yet
   */
  long end(Selection selection) throws SQLException {
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement = connection.prepareStatement(PUBLISHED_ID)) {
      statement.setString(1, relay);
      try (ResultSet row = statement.executeQuery()) {
        if (!row.next()) {
          throw new IllegalStateException(
              "Nothing to replay: relay %s has not written a checkpoint yet; check lapse.relay.name"
                  .formatted(relay));
        }
        long published = row.getLong(1);
        return Math.min(published, selection.toId() == null ? published : selection.toId());
      }
    }
  }

  /**
   * Counts what is selected above {@code afterId} and up to {@code end}.
   *
   * @param stop gives it up behind the look in hand, when it counts down
   * @return empty if it was given up
   */
  Optional<Plan> count(Selection selection, long afterId, long end, CountDownLatch stop)
      throws SQLException {
    Plan plan = Plan.NOTHING;
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement = connection.prepareStatement(COUNT)) {
      for (long after = afterId; after < end; after += MAX_WALK) {
        if (stop.getCount() == 0) {
          return Optional.empty();
        }
        bind(statement, selection, after, Math.min(end, after + MAX_WALK));
        try (ResultSet row = statement.executeQuery()) {
          row.next();
          plan =
              plan.plus(new Plan(row.getLong(1), row.getLong(2), row.getLong(3), row.getLong(4)));
        }
      }
    }
    return stop.getCount() == 0 ? Optional.empty() : Optional.of(plan);
  }

  /**
   * The next of the selection.
   *
   * @param limit records at the most
   * @param walk ids to look at at the most. Where much is selected, few do: a planner without
   *     statistics sorts all that it looks at
   */
  Page read(Selection selection, long afterId, long end, int limit, int walk) throws SQLException {
    long to = Math.min(end, afterId + walk);
    try (Connection connection = dataSource.getConnection()) {
      connection.setAutoCommit(false); // or the driver fetches all rows at once
      try (PreparedStatement statement = connection.prepareStatement(PAGE)) {
        statement.setFetchSize(FETCH_SIZE);
        statement.setInt(bind(statement, selection, afterId, to), limit);
        Page page;
        try (ResultSet rows = statement.executeQuery()) {
          page = page(rows, limit, to);
        }
        connection.rollback();
        connection.setAutoCommit(true);
        return page; // after a failure the pool rolls back, and the failure is what is thrown
      }
    }
  }

  private static Page page(ResultSet rows, int limit, long to) throws SQLException {
    List<OutboxRecord> records = new ArrayList<>();
    long bytes = 0;
    Instant now = Instant.EPOCH;
    while (bytes < MAX_BYTES && rows.next()) {
      OutboxRecord record = OutboxRecord.of(rows);
      now = Instant.ofEpochMilli(rows.getLong(9));
      records.add(record);
      bytes += record.size();
    }
    boolean cut = records.size() == limit || bytes >= MAX_BYTES;
    return new Page(records, bytes, cut ? records.get(records.size() - 1).id() : to, now);
  }

  /** Returns the index of the next parameter. */
  int bind(PreparedStatement statement, Selection selection, long after, long to)
      throws SQLException {
    statement.setString(1, relay);
    statement.setLong(2, after);
    statement.setLong(3, to);
    setTime(statement, 4, selection.since());
    setTime(statement, 5, selection.until());
    statement.setString(6, selection.key());
    statement.setString(7, selection.type());
    statement.setBoolean(8, selection.deadLetters());
    return 9;
  }

  private static void setTime(PreparedStatement statement, int index, @Nullable Instant time)
      throws SQLException {
    if (time == null) {
      statement.setNull(index, Types.TIMESTAMP_WITH_TIMEZONE);
    } else {
      statement.setTimestamp(index, Timestamp.from(time));
    }
  }

  /**
   * @param records in id order
   * @param bytes of their keys, payloads and headers
   * @param upToId everything selected up to here is among them
   * @param time the database's clock
   */
  record Page(List<OutboxRecord> records, long bytes, long upToId, Instant time) {}
}
