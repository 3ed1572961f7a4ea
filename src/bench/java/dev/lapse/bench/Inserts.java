package dev.lapse.bench;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Somebody who appends to the outbox, 200 rows a second and one a transaction, on a thread of its
 * own. How long one took counts from sending the statement to its commit's return.
 */
final class Inserts implements AutoCloseable {

  /** Of its session, by which {@link LockWaits} knows it. */
  static final String APPLICATION = "inserts";

  private static final int PER_SECOND = 200;

  private final Connection session;
  private final Every beats;
  private final Pace pace = new Pace(PER_SECOND);
  private final List<Long> took = new ArrayList<>();

  Inserts(Database database) throws SQLException {
    this.session = database.connect();
    try (Statement name = session.createStatement()) {
      name.execute("SET application_name = '%s'".formatted(APPLICATION));
    }
    PreparedStatement insert = session.prepareStatement(Rows.appending(1));
    this.beats = new Every(Duration.ZERO, () -> insert(insert));
  }

  private boolean insert(PreparedStatement insert) throws SQLException {
    var unused = pace.await(count());
    long begin = System.nanoTime();
    insert.executeUpdate(); // commits
    return note(System.nanoTime() - begin);
  }

  private synchronized boolean note(long nanos) {
    return took.add(nanos);
  }

  private synchronized int count() {
    return took.size();
  }

  /** Of those so far. */
  synchronized Delays delays() {
    return new Delays(took.stream().mapToLong(Long::longValue).toArray());
  }

  @Override
  public void close() throws SQLException {
    beats.close();
    session.close();
  }
}
