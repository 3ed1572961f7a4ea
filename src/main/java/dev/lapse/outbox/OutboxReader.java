package dev.lapse.outbox;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the outbox from a position on, a page at a time, and hands out only what is on the
 * database's disk. It writes to no table.
 *
 * <p>Plain JDBC and bytes: through {@code JdbcClient} and strings, reading was the slower half of
 * the relay. Safe for use by several threads.
 */
public final class OutboxReader {

  private static final Logger log = LoggerFactory.getLogger(OutboxReader.class);

  /** What functions of the log say on a standby, among others: object_not_in_prerequisite_state. */
  private static final String IN_RECOVERY = "55000";

  /**
   * Ids that one look walks over for what it seeks among published rows: some tenth of a second,
   * for which all other keys wait.
   */
  private static final long WALK = 200_000;

  private final DataSource dataSource;
  private final int maxRecords;
  private final long maxBytes;
  private final long walk;

  /** Null until it was asked for, and after a failure: then it may have been that. */
  private volatile @Nullable OriginSource source;

  /**
   * @param maxRecords records a page holds at the most
   * @param maxBytes bytes of key, payload and headers after which a page ends
   */
  public OutboxReader(DataSource dataSource, int maxRecords, long maxBytes) {
    this(dataSource, maxRecords, maxBytes, WALK);
  }

  OutboxReader(DataSource dataSource, int maxRecords, long maxBytes, long walk) {
    this.dataSource = dataSource;
    this.maxRecords = maxRecords;
    this.maxBytes = maxBytes;
    this.walk = walk;
  }

  /**
   * Reads what comes after {@code position}: one statement, so one snapshot.
   *
   * @throws SQLException also when the database is a standby
   */
  public Page read(Position position) throws SQLException {
    return inTransaction((connection, origin) -> read(connection, position, origin));
  }

  private Page read(Connection connection, Position position, OriginSource origin)
      throws SQLException {
    OutboxQueries queries = OutboxQueries.of(origin);
    Position.CatchUp catchUp = position.catchUp();
    if (catchUp == null) {
      return read(
          connection,
          position,
          origin,
          Long.MAX_VALUE,
          queries.page,
          position.publishedId(),
          position.snapshot(),
          maxRecords,
          maxRecords,
          maxRecords + 1,
          maxBytes);
    }
    long upToId = position.reach(walk);
    return read(
        connection,
        position,
        origin,
        upToId,
        queries.catchUp,
        catchUp.afterId(),
        upToId,
        position.snapshot(),
        catchUp.snapshot(),
        maxRecords,
        maxRecords + 1,
        maxBytes);
  }

  /**
   * Reads what waits behind a dead letter: a page of it, and not further than one look may go.
   * Publishing these leaves the position's id and snapshot where they are.
   *
   * @param position one that holds {@code deadLetter} and is not catching up
   */
  public Page waiting(DeadLetter deadLetter, Position position) throws SQLException {
    List<DeadLetter.Extent> published = deadLetter.published();
    long upToId = deadLetter.reach(position, walk);
    return inTransaction(
        (connection, origin) ->
            read(
                connection,
                position,
                origin,
                upToId,
                OutboxQueries.of(origin).waiting,
                upToId,
                position.snapshot(),
                published.stream().map(DeadLetter.Extent::upToId).toArray(Long[]::new),
                published.stream().map(DeadLetter.Extent::snapshot).toArray(String[]::new),
                deadLetter.key(),
                deadLetter.key(),
                maxRecords,
                maxRecords + 1,
                maxBytes));
  }

  private Page read(
      Connection connection,
      Position position,
      OriginSource origin,
      long upToId,
      String sql,
      Object... parameters)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int i = 0; i < parameters.length; i++) {
        statement.setObject(i + 1, parameters[i]);
      }
      long askedAt = System.nanoTime();
      try (ResultSet rows = statement.executeQuery()) {
        rows.next();
        Lsn flushed = Lsn.parse(rows.getString(14));
        Page page = page(position, upToId, rows, askedAt);
        if (!page.isEmpty() && flushed.isBefore(page.database().origin().lsn())) {
          WalFlush.upTo(connection, page.database().origin().lsn(), origin);
        }
        return page;
      }
    }
  }

  private Page page(Position position, long upToId, ResultSet rows, long askedAt)
      throws SQLException {
    DatabaseState state = state(rows, askedAt);
    List<OutboxRecord> records = new ArrayList<>();
    long bytes = 0;
    while (rows.next()) {
      records.add(OutboxRecord.of(rows));
      bytes = rows.getLong(18); // as the statement counts them, which ends the page by them
    }
    boolean cut = records.size() == maxRecords || bytes >= maxBytes;
    long lookedUpTo = cut ? records.get(records.size() - 1).id() : upToId;
    return new Page(
        position, records, cut || lookedUpTo < position.publishedId(), lookedUpTo, state);
  }

  /** The database as it is now, read apart from any page; everything before its lsn is on disk. */
  public DatabaseState state() throws SQLException {
    return inTransaction(
        (connection, origin) -> {
          long askedAt = System.nanoTime();
          try (PreparedStatement statement =
                  connection.prepareStatement(OutboxQueries.of(origin).state);
              ResultSet rows = statement.executeQuery()) {
            rows.next();
            DatabaseState state = state(rows, askedAt);
            WalFlush.upTo(connection, state.origin().lsn(), origin);
            return state;
          }
        });
  }

  /**
   * See {@link QuickPoll}.
   *
   * @param snapshot null if it does not count
   */
  boolean isQuiet(long lastId, @Nullable String snapshot) throws SQLException {
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement = connection.prepareStatement(OutboxQueries.QUIET)) {
      statement.setLong(1, lastId);
      statement.setString(2, snapshot);
      try (ResultSet row = statement.executeQuery()) {
        return row.next() && row.getBoolean(1);
      }
    }
  }

  /** The event id of the row at {@code id}, if there is one. */
  public Optional<String> eventAt(long id) throws SQLException {
    return inTransaction(
        (connection, origin) -> {
          try (PreparedStatement statement = connection.prepareStatement(OutboxQueries.EVENT)) {
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
      connection.setAutoCommit(false);
      T result = runOnPrimary(query, connection);
      connection.rollback(); // nothing was written; ends the snapshot
      connection.setAutoCommit(true);
      return result; // after a failure the pool rolls back, and the failure is what is thrown
    }
  }

  private <T> T runOnPrimary(Query<T> query, Connection connection) throws SQLException {
    try {
      return query.run(connection, source(connection));
    } catch (SQLException e) {
      source = null;
      throw IN_RECOVERY.equals(e.getSQLState()) && isStandby(connection) ? standby(e) : e;
    }
  }

  /** Where this database's origin is read from, see there. Asks the database the first time. */
  public OriginSource originSource() throws SQLException {
    OriginSource known = source;
    return known != null ? known : inTransaction((connection, origin) -> origin);
  }

  private OriginSource source(Connection connection) throws SQLException {
    OriginSource known = source;
    if (known == null) {
      known = OriginSource.of(connection);
      if (isStandby(connection)) { // its WAL functions fail, which says nothing of the primary's
        throw standby(null);
      }
      source = known;
      if (known != OriginSource.WAL) {
        log.info(
            "PostgreSQL's WAL functions cannot be used; a small transaction flushes each page");
      }
    }
    return known;
  }

  private static SQLException standby(@Nullable SQLException cause) {
    return new SQLException(
        "The database is a standby, and the relay reads only the primary: set"
            + " spring.datasource.url to the primary",
        IN_RECOVERY,
        cause);
  }

  /** Others say 55000, too: that their log does not serve. */
  private static boolean isStandby(Connection connection) throws SQLException {
    connection.rollback();
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SELECT pg_is_in_recovery()")) {
      return row.next() && row.getBoolean(1);
    }
  }

  @FunctionalInterface
  private interface Query<T> {
    T run(Connection connection, OriginSource origin) throws SQLException;
  }

  private static DatabaseState state(ResultSet row, long askedAt) throws SQLException {
    String lsn = row.getString(10);
    if (lsn == null) {
      throw standby(null);
    }
    return new DatabaseState(
        new Origin(row.getLong(12), Integer.parseInt(row.getString(11), 16), Lsn.parse(lsn)),
        row.getString(9),
        row.getLong(13),
        Instant.ofEpochMilli(row.getLong(15)),
        highest(row.getString(17)),
        askedAt);
  }

  private static DatabaseState.@Nullable Highest highest(@Nullable String idAndEvent) {
    if (idAndEvent == null) {
      return null;
    }
    String[] parts = idAndEvent.split(" ", 2);
    return new DatabaseState.Highest(Long.parseLong(parts[0]), parts.length == 1 ? null : parts[1]);
  }
}
