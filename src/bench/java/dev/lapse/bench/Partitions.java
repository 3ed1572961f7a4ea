package dev.lapse.bench;

import dev.lapse.outbox.EmptyPoll;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.Callable;

/**
 * A control, the alternative to a purge: the outbox in partitions by id, of which the oldest are
 * dropped whole, while somebody inserts and somebody else reads for a second.
 */
@SuppressWarnings("try") // what runs beside is used by running
final class Partitions {

  /** Two weeks of days. */
  private static final int COUNT = 14;

  /** As those of the outbox are; PostgreSQL 14 knows no identity column of a partitioned table. */
  private static final String TABLE =
      """
      ALTER TABLE outbox RENAME TO plain_outbox;
      CREATE TABLE outbox (LIKE plain_outbox INCLUDING DEFAULTS INCLUDING CONSTRAINTS)
        PARTITION BY RANGE (id);
      ALTER TABLE outbox ALTER COLUMN id SET DEFAULT nextval('outbox_id_seq');
      ALTER TABLE outbox ADD PRIMARY KEY (id);
      CREATE INDEX ON outbox (xact_id, id)
      """;

  private static final String PARTITION =
      "CREATE TABLE outbox_%d PARTITION OF outbox FOR VALUES FROM (%d) TO (%d)";

  private static final String DROP = "DROP TABLE outbox_%d";

  private static final String DETACH = "ALTER TABLE outbox DETACH PARTITION outbox_%d CONCURRENTLY";

  /** Reads all partitions, and takes so many seconds. */
  private static final String READ = "SELECT min(id), max(id), pg_sleep(%d) FROM outbox";

  /** It is read once only. */
  private static final Duration ONCE = Duration.ofDays(1);

  private Partitions() {}

  /** Fills half of them with {@code rows}, and notes what a poll costs and whom a drop holds up. */
  static void measure(Stage stage, Findings findings, int rows) throws Exception {
    try (Database database = stage.database()) {
      create(database, rows);
      Rows.append(database, rows);
      database.settle();
      EmptyPoll.Cost poll = EmptyPoll.explain(database.dataSource());
      findings.add(
          "empty poll, %d partitions".formatted(COUNT), "buffers", (double) poll.buffers());
      run(database, findings, "partition dropped", 0, DROP.formatted(0));
      run(database, findings, "partition dropped beside a read of 1 s", 1, DROP.formatted(1));
      run(
          database,
          findings,
          "partition detached concurrently beside a read of 1 s",
          1,
          DETACH.formatted(2));
    }
  }

  private static void create(Database database, int rows) throws SQLException {
    database.execute(TABLE);
    long size = 1L + 2L * rows / COUNT;
    for (int n = 0; n < COUNT; n++) {
      database.execute(PARTITION.formatted(n, 1 + n * size, 1 + (n + 1) * size));
    }
  }

  private static void run(
      Database database, Findings findings, String what, int seconds, String statement)
      throws Exception {
    String read = READ.formatted(seconds);
    Callable<Void> reader =
        () -> {
          database.execute(read);
          return null;
        };
    try (Inserts inserts = new Inserts(database);
        LockWaits waits = new LockWaits(database);
        Every reads = new Every(ONCE, reader)) {
      Pace pace = new Pace(5);
      var unused = pace.await(1); // all of them are at it
      long begin = System.nanoTime();
      database.execute(statement);
      findings.add(what + " takes", "ms", (System.nanoTime() - begin) / 1e6);
      unused = pace.await(2); // who waited has been seen
      findings.add("longest wait for a lock, " + what, "ms", waits.longest());
      findings.add("insert at most, " + what, "ms", inserts.delays().within(1));
    }
  }
}
