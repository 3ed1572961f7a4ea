package dev.lapse.bench;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;

/** A control: transactions that write to PostgreSQL's log and do nothing else. */
final class WalLoad implements AutoCloseable {

  private static final String WRITE =
      "SELECT pg_logical_emit_message(true, 'bench', repeat('x', %d))";

  private final Connection session;
  private final Every beats;
  private final Pace pace;
  private int count;

  WalLoad(Database database, int bytes, int perSecond) throws SQLException {
    this.session = database.connect();
    this.pace = new Pace(perSecond);
    PreparedStatement write = session.prepareStatement(WRITE.formatted(bytes));
    this.beats = new Every(Duration.ZERO, () -> write(write));
  }

  private boolean write(PreparedStatement write) throws SQLException {
    var unused = pace.await(count);
    count++;
    return write.execute(); // commits
  }

  @Override
  public void close() throws SQLException {
    beats.close();
    session.close();
  }
}
