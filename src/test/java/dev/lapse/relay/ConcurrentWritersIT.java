package dev.lapse.relay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lapse.fault.Checker;
import dev.lapse.fault.Histories;
import dev.lapse.fault.History;
import dev.lapse.fault.History.OutboxRow;
import dev.lapse.fault.NaiveRelay;
import dev.lapse.fault.Verdict;
import dev.lapse.support.EventConsumer;
import dev.lapse.support.EventConsumer.Event;
import dev.lapse.support.Servers;
import dev.lapse.support.TestDatabase;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Every event of a committed transaction reaches {@code read_committed} consumers, once, in causal
 * order per key; an event of a transaction that rolled back reaches nobody.
 *
 * <p>Whatever the writers do. They are random; {@code -Dlapse.test.seed} replays their choices,
 * though not the scheduler's.
 */
class ConcurrentWritersIT {

  private static final Logger log = LoggerFactory.getLogger(ConcurrentWritersIT.class);

  private static final long SEED = Long.getLong("lapse.test.seed", System.nanoTime());
  private static final int WRITERS = 12;
  private static final int TRANSACTIONS = 150;
  private static final int KEYS = 40;
  private static final int PAGE = 200;
  private static final int BULK = 3 * PAGE + 50;
  private static final int TERM = 40;

  private static final String APPEND =
      """
      WITH numbered AS (
        UPDATE counter SET number = number + ? WHERE key = ? RETURNING key, number
      )
      INSERT INTO outbox (type, key, payload)
      SELECT 'Noted', key, json_build_object('number', number - before)
      FROM numbered CROSS JOIN generate_series(? - 1, 0, -1) before
      RETURNING id
      """;

  private final TestDatabase database = TestDatabase.migrated();
  private final TestRelay relay = TestRelay.of(database, TestRelay.freshName(), PAGE);
  private final List<OutboxRow> naivelyPublished = new ArrayList<>();
  private final NaiveRelay naive = new NaiveRelay(database.jdbc(), naivelyPublished::add);
  private final Cycles cycles = new Cycles();
  private final AtomicInteger deadlocks = new AtomicInteger();

  @AfterEach
  void stop() {
    relay.close();
    database.close();
  }

  @Test
  void losesNothingRepeatsNothingAndKeepsTheOrderWhateverWritersDo() throws Exception {
    createCounters();

    writeWhileRelaying();

    List<OutboxRow> committed = Histories.outbox(database.jdbc());
    try (EventConsumer consumer = relay.consumer()) {
      List<Event> events = consumer.await(committed.size());
      Verdict verdict = Checker.judge(History.ofEvents(committed, events));
      int stragglers = stragglers(events);
      int catchUps = catchUps();
      Verdict naively = Checker.judge(History.ofEvents(committed, naivelyReceived()));
      log.info(
          "seed={} cycles={} stragglers={} catchUpPages={} deadlocks={} {} naive={}",
          SEED,
          cycles.count(),
          stragglers,
          catchUps,
          deadlocks,
          verdict.summary(),
          naively.summary());
      assertThat(verdict.isFlawless()).as("seed %d: %s", SEED, verdict).isTrue();

      // Or the history was too tame to show anything.
      assertThat(stragglers).as("stragglers").isGreaterThan(BULK);
      assertThat(catchUps).as("pages of catching up").isPositive();
      assertThat(naively.lost()).as("lost by id > last over the same history").isPositive();
    }
  }

  private List<Event> naivelyReceived() {
    return naivelyPublished.stream().map(row -> row.event("noted", 0, row.id())).toList();
  }

  private void createCounters() {
    database.execute("CREATE TABLE counter (key text PRIMARY KEY, number bigint NOT NULL)");
    database.execute(
        "INSERT INTO counter SELECT 'key-' || n, 0 FROM generate_series(0, %d) n"
            .formatted(KEYS - 1));
    database.execute(
        "INSERT INTO counter SELECT 'bulk-' || n, 0 FROM generate_series(0, %d) n"
            .formatted(WRITERS - 1));
  }

  private void writeWhileRelaying() throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(WRITERS);
    try {
      List<Future<?>> writers = new ArrayList<>();
      for (int i = 0; i < WRITERS; i++) {
        Writer writer = new Writer(i);
        writers.add(pool.submit(writer::run));
      }
      while (!writers.stream().allMatch(Future::isDone)) {
        relay.step.runOnce();
        naive.runOnce();
        if (cycles.tick() % TERM == 0) {
          relay.step.recover(new Exception("a new term, in the middle of it all"));
        }
      }
      for (Future<?> writer : writers) {
        writer.get();
      }
    } finally {
      pool.shutdownNow();
      assertThat(pool.awaitTermination(1, TimeUnit.MINUTES)).isTrue();
    }
    relay.drain();
    naive.runOnce();
  }

  /** Events that came after one of a higher id, as each partition shows. */
  private static int stragglers(List<Event> events) {
    Map<Integer, String> highest = new HashMap<>();
    int stragglers = 0;
    for (Event event : events) {
      String sequence = event.header("ce_sequence");
      String before =
          highest.merge(event.partition(), sequence, (a, b) -> a.compareTo(b) > 0 ? a : b);
      stragglers += before.equals(sequence) ? 0 : 1;
    }
    return stragglers;
  }

  private int catchUps() {
    try (EventConsumer positions =
        EventConsumer.ofTopics(
            Servers.kafka().bootstrapServers(), Set.of(relay.settings.positionTopic()))) {
      long last = relay.step.status().publishedId();
      List<Event> seen = positions.received();
      while (seen.isEmpty() || !says(seen.get(seen.size() - 1), "publishedId", last)) {
        positions.poll(Duration.ofMillis(100));
      }
      return (int) seen.stream().filter(p -> p.value().matches(".*\"catchUpId\":\\d.*")).count();
    }
  }

  private static boolean says(Event position, String field, long value) {
    return position.value().contains("\"%s\":%d,".formatted(field, value));
  }

  /** One session, doing one random thing after the other. */
  private final class Writer {

    private final int number;
    private final Random random;

    Writer(int number) {
      this.number = number;
      this.random = new Random(SEED + number);
    }

    Void run() throws Exception {
      try (Connection connection = database.connect()) {
        execute(connection, "SET deadlock_timeout = '20ms'");
        connection.setAutoCommit(false);
        for (int i = 0; i < TRANSACTIONS; i++) {
          try {
            transaction(connection, i);
          } catch (SQLException e) {
            if (!"40P01".equals(e.getSQLState())) {
              throw e;
            }
            deadlocks.incrementAndGet();
            connection.rollback();
          }
        }
        connection.setAutoCommit(true);
      }
      return null;
    }

    private void transaction(Connection connection, int i) throws Exception {
      switch (random.nextInt(12)) {
        case 0 -> takesItsTransactionIdEarlyAndInsertsLate(connection);
        case 1 -> rollsBackASavepoint(connection);
        case 2 -> releasesASavepoint(connection);
        case 3 -> prepares(connection, "p-%d-%d".formatted(number, i));
        case 4 -> rollsBack(connection);
        case 5 -> commitsLate(connection);
        case 6, 7 -> locksTwoKeysInAnyOrder(connection);
        case 8 -> {
          if (random.nextInt(4) == 0) {
            writesInBulkAndCommitsLate(connection);
          }
        }
        default -> {
          append(connection, key(), 1 + random.nextInt(3));
          connection.commit();
        }
      }
    }

    private void takesItsTransactionIdEarlyAndInsertsLate(Connection connection) throws Exception {
      execute(connection, "SELECT pg_current_xact_id()");
      cycles.await(1 + random.nextInt(5));
      append(connection, key(), 1);
      if (random.nextBoolean()) {
        cycles.await(1);
      }
      connection.commit();
    }

    private void rollsBackASavepoint(Connection connection) throws Exception {
      append(connection, key(), 1);
      execute(connection, "SAVEPOINT s");
      append(connection, key(), 2);
      cycles.await(1);
      execute(connection, "ROLLBACK TO SAVEPOINT s");
      append(connection, key(), 1);
      connection.commit();
    }

    private void releasesASavepoint(Connection connection) throws Exception {
      execute(connection, "SAVEPOINT s");
      append(connection, key(), 1);
      execute(connection, "SAVEPOINT t");
      append(connection, key(), 1);
      execute(connection, "RELEASE SAVEPOINT s");
      cycles.await(random.nextInt(3));
      connection.commit();
    }

    private void prepares(Connection connection, String name) throws Exception {
      append(connection, key(), 1 + random.nextInt(3));
      execute(connection, "PREPARE TRANSACTION '" + name + "'");
      cycles.await(random.nextInt(6));
      connection.commit(); // ends the driver's idea of a transaction; there is none in the server
      connection.setAutoCommit(true);
      execute(
          connection,
          (random.nextInt(3) == 0 ? "ROLLBACK" : "COMMIT") + " PREPARED '" + name + "'");
      connection.setAutoCommit(false);
    }

    private void rollsBack(Connection connection) throws Exception {
      append(connection, key(), 1 + random.nextInt(5));
      cycles.await(random.nextInt(3));
      connection.rollback();
    }

    private void commitsLate(Connection connection) throws Exception {
      append(connection, key(), 1 + random.nextInt(3));
      cycles.await(2 + random.nextInt(10));
      connection.commit();
    }

    private void locksTwoKeysInAnyOrder(Connection connection) throws Exception {
      append(connection, "key-" + random.nextInt(4), 1);
      append(connection, "key-" + random.nextInt(4), 1);
      connection.commit();
    }

    /** Late enough that its ids are passed, as long as there is anybody left to pass them. */
    private void writesInBulkAndCommitsLate(Connection connection) throws Exception {
      long last = append(connection, "bulk-" + number, BULK);
      for (int i = 0; i < 200 && relay.step.status().publishedId() < last; i++) {
        cycles.await(1);
      }
      connection.commit();
    }

    private String key() {
      return "key-" + random.nextInt(KEYS);
    }

    /** Appends the key's next events and returns the last one's place in the log. */
    private long append(Connection connection, String key, int count) throws SQLException {
      try (PreparedStatement statement = connection.prepareStatement(APPEND)) {
        statement.setInt(1, count);
        statement.setString(2, key);
        statement.setInt(3, count);
        long last = 0;
        try (ResultSet ids = statement.executeQuery()) {
          while (ids.next()) {
            last = ids.getLong(1);
          }
        }
        return last;
      }
    }
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /** Counts the relay's cycles, for writers to be late by. */
  private static final class Cycles {

    private long count;

    synchronized long tick() {
      notifyAll();
      return ++count;
    }

    synchronized long count() {
      return count;
    }

    synchronized void await(int cycles) throws InterruptedException {
      long until = count + cycles;
      while (count < until) {
        wait();
      }
    }
  }
}
