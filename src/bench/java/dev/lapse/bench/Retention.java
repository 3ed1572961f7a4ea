package dev.lapse.bench;

import dev.lapse.outbox.EmptyPoll;
import java.sql.Connection;
import java.sql.SQLException;

/**
 * What a purge of old rows costs: sweep and relay beside it, somebody who inserts meanwhile, the
 * log, and the space that the old rows leave to new ones. And what partitions would cost instead.
 */
@SuppressWarnings("try") // what runs beside is used by running
final class Retention implements Benchmark {

  /** Events before what is measured. */
  private static final int WARM_UP = 50_000;

  /** Events that show the rate where nothing is purged. */
  private static final int MOST_OF_CONTROL = 1_000_000;

  /** Between two looks whether the purge is over. */
  private static final int LOOK = 5_000;

  /** How soon a purge begins that was held up, or that another instance has left. */
  private static final String INTERVAL = "--lapse.retention.interval=1s";

  private static final String SIZE = "SELECT pg_total_relation_size('outbox')";

  @Override
  public void run(Stage stage, Findings findings) throws Exception {
    int rows = stage.options().rows();
    try (Database old = stage.database()) {
      OldRows.append(old, rows);
      Deadlines.due(old, WARM_UP + rows);
      old.settle();
      EmptyPoll.Cost poll = EmptyPoll.explain(old.dataSource());
      findings.add("empty poll, one table", "buffers", (double) poll.buffers());
      for (int i = 0; i < stage.options().repeats(); i++) {
        double without = beside(stage, old, findings, false);
        double with = beside(stage, old, findings, true);
        findings.add("sweep and relay, purge to none", "ratio", with / without);
        alone(stage, old, findings, rows);
        Partitions.measure(stage, findings, rows);
      }
    }
    findings.expect("sweep and relay, purge to none", Target.atLeast(0.9));
    findings.expect("longest wait for a lock, purge", Target.atMost(50));
    findings.expect("filled again to filled at first", Target.atMost(1.1));
  }

  /** Sweep and relay, for as long as the purge takes or something is due. */
  private static double beside(Stage stage, Database old, Findings findings, boolean purging)
      throws Exception {
    String topic = stage.topic();
    String relay = stage.name("relay");
    try (Database database = old.copy(stage.name("bench"))) {
      OldRows.publish(database, relay);
      try (Connection kept = OldRows.keep(database);
          Receiver receiver = Receiver.of(stage, topic);
          Service service = stage.service(relay, database, topic, INTERVAL)) {
        receiver.await(WARM_UP);
        if (purging) {
          kept.close();
          OldRows.awaitPurged(database, 1);
        }
        return during(database, receiver, findings, stage.options().rows(), purging);
      }
    } finally {
      stage.broker().deleteTopic(topic);
    }
  }

  private static double during(
      Database database, Receiver receiver, Findings findings, int rows, boolean purging)
      throws Exception {
    String what = purging ? ", purge" : ", no purge";
    try (Inserts inserts = new Inserts(database);
        LockWaits waits = new LockWaits(database)) {
      Receiver.Mark begin = receiver.await(receiver.count());
      int due = WARM_UP + rows;
      long most = purging ? due : Math.min(due, begin.count() + MOST_OF_CONTROL);
      Receiver.Mark end = begin;
      while (end.count() < most && OldRows.purged(database) < rows - 1) {
        end = receiver.await(Math.min(end.count() + LOOK, most));
      }
      if (purging) {
        double purged = OldRows.purged(database);
        findings.add(
            "purged beside sweep and relay", "rows/s", purged / end.secondsSince(begin.at()));
        findings.add("purged beside sweep and relay, of all", "ratio", purged / rows);
      }
      inserts.delays().addTo(findings, "insert" + what);
      findings.add("longest wait for a lock" + what, "ms", waits.longest());
      findings.add(
          "sweep" + what, "approvals/s", Deadlines.rate(database, WARM_UP, WARM_UP + rows));
      return findings.add("sweep and relay" + what, "events/s", end.rateSince(begin));
    }
  }

  /** Nothing else is done, so that the log is the purge's; then as many rows come as went. */
  private static void alone(Stage stage, Database old, Findings findings, int rows)
      throws Exception {
    String relay = stage.name("relay");
    try (Database database = old.copy(stage.name("bench"))) {
      OldRows.publish(database, relay);
      double filled = database.number(SIZE);
      double wal = Wal.written(database);
      try (Service service =
          stage.service(
              relay,
              database,
              "none",
              "--lapse.relay.enabled=false",
              "--lapse.expiration.enabled=false")) {
        long begin = OldRows.awaitPurged(database, 1);
        // All but the row by which the relay recognises its database.
        double seconds = (OldRows.awaitPurged(database, rows - 1) - begin) / 1e9;
        findings.add("purge alone", "rows/s", rows / seconds);
      }
      vacuum(database);
      findings.add("WAL of purge and vacuum", "B/row", (Wal.written(database) - wal) / rows);
      findings.add("purged to filled at first", "ratio", database.number(SIZE) / filled);
      Rows.append(database, rows - 1);
      findings.add("filled again to filled at first", "ratio", database.number(SIZE) / filled);
    }
  }

  /**
   * As autovacuum does while rows go and come: what one vacuum empties of an index, the next one
   * gives to be used again, and not before a later transaction has begun.
   */
  private static void vacuum(Database database) throws SQLException {
    database.execute("VACUUM outbox");
    database.execute("SELECT pg_current_xact_id()");
    database.execute("VACUUM outbox");
  }
}
