package dev.lapse.outbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lapse.support.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What a quick poll lets pass is what a page would hold; the rest of the database is nothing to it.
 */
class QuickPollIT {

  private static final String INSERT =
      "INSERT INTO outbox (type, key, payload) VALUES ('Noted', 'a', '{}')";

  private final TestDatabase database = TestDatabase.migrated();
  private final OutboxReader reader = new OutboxReader(database.service(), 10, 1 << 20);
  private final QuickPoll poll = new QuickPoll(reader);
  private Position position;
  private long time;

  @BeforeEach
  void publishWhatIsThere() throws SQLException {
    database.execute(INSERT);
    position = Position.start(reader.state());
    assertThat(read().records()).hasSize(1);
    assertThat(isQuiet()).as("after a page with events").isFalse();
    assertThat(read().records()).isEmpty();
  }

  @AfterEach
  void drop() {
    database.close();
  }

  @Test
  void isQuietWhereNobodyWrites() {
    awaitQuiet();
  }

  /** Once no event has come for a second; before, each transaction that ends may be of one. */
  @Test
  void isQuietBesideTransactionsThatWriteElsewhere() throws Exception {
    database.execute("CREATE TABLE elsewhere (n int)");
    assertThat(isQuiet()).isFalse();

    time += Duration.ofSeconds(1).toNanos();
    read();
    database.execute("INSERT INTO elsewhere VALUES (1)");

    assertThat(isQuiet()).isTrue();
  }

  @Test
  void isNotQuietWhenAnIdIsHandedOut() throws Exception {
    try (Connection writer = database.connect();
        Statement statement = writer.createStatement()) {
      writer.setAutoCommit(false);
      statement.execute(INSERT);

      assertThat(isQuiet()).isFalse();

      writer.rollback();
    }
  }

  /** Its id was there at the last look already. */
  @Test
  void isNotQuietOnceAWriterThatWasRunningCommits() throws Exception {
    try (Connection writer = database.connect();
        Statement statement = writer.createStatement()) {
      writer.setAutoCommit(false);
      statement.execute(INSERT);
      awaitQuiet();

      writer.commit();

      assertThat(isQuiet()).isFalse();
      assertThat(read().records()).hasSize(1);
    }
  }

  @Test
  void isNotQuietAfterTheIdsBeganAnew() throws Exception {
    database.execute("TRUNCATE outbox RESTART IDENTITY");

    assertThat(isQuiet()).isFalse();
  }

  @Test
  void trustsNoPageForLong() throws Exception {
    time += Duration.ofMillis(250).toNanos();

    assertThat(isQuiet()).isFalse();
  }

  /**
   * With new pages, since each transaction of another test on the same server changes the snapshot.
   */
  private void awaitQuiet() {
    await()
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(1))
        .until(() -> read().records().isEmpty() && isQuiet());
  }

  private boolean isQuiet() throws SQLException {
    return poll.isQuiet(time);
  }

  /** As if the page was asked for at {@link #time}. */
  private Page read() throws SQLException {
    Page page = reader.read(position);
    position = page.next();
    DatabaseState now = page.database();
    poll.read(
        new Page(
            page.from(),
            page.records(),
            page.more(),
            page.upToId(),
            new DatabaseState(
                now.origin(), now.snapshot(), now.lastId(), now.time(), now.highest(), time)));
    return page;
  }
}
