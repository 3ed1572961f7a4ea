package dev.lapse.bench;

import java.time.Duration;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/**
 * What a sweep does to people who decide meanwhile: 1,000 decisions a second, without a sweep,
 * beside one, and beside one whose events are published at the same time. Controls: beside the bare
 * statement in a loop, and beside somebody who touches no approval and writes as much log in as
 * many transactions. A deadlock or any other error of theirs ends the benchmark.
 */
@SuppressWarnings("try") // what runs beside is used by running
final class Writers implements Benchmark {

  private static final int PER_SECOND = 1000;

  /** It runs once only. */
  private static final Duration ONCE = Duration.ofDays(1);

  private static final String DEADLOCKS =
      "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";

  private static final String BATCHES =
      "SELECT count(DISTINCT executed_at) FROM ai_approvals WHERE status = 'expired'";

  @Override
  public void run(Stage stage, Findings findings) throws Exception {
    int rows = stage.options().rows();
    try (Database due = stage.database()) {
      Deadlines.due(due, rows);
      due.settle();
      for (int i = 0; i < stage.options().repeats(); i++) {
        run(stage, due, findings);
      }
    }
    findings.expect("p99 beside a sweep to alone", Target.atMost(1.5));
    findings.expect("deadlocks", Target.atMost(0));
  }

  private static void run(Stage stage, Database due, Findings findings) throws Exception {
    Delays alone = alone(stage, due);
    alone.addTo(findings, "alone");
    Beside sweep = beside(stage, due, findings, "sweep", database -> sweep(stage, database, null));
    Beside loop = beside(stage, due, findings, "statement alone", Writers::loop);
    Beside log = beside(stage, due, findings, "as much log", database -> log(database, sweep));
    Delays both = besideBoth(stage, due, findings);
    ratio(findings, "p99 beside a sweep to alone", sweep.delays(), alone);
    ratio(findings, "p99 beside a sweep to statement alone", sweep.delays(), loop.delays());
    ratio(findings, "p99 beside a sweep to as much log", sweep.delays(), log.delays());
    ratio(findings, "p99 beside sweep and relay to alone", both, alone);
  }

  private static void ratio(Findings findings, String name, Delays subject, Delays control) {
    findings.add(name, "ratio", subject.within(0.99) / control.within(0.99));
  }

  private static Delays alone(Stage stage, Database due) throws Exception {
    try (Database database = due.copy(stage.name("bench"))) {
      Approvers approvers = prepare(stage, database);
      return approvers.decide(PER_SECOND, () -> true);
    }
  }

  private static Approvers prepare(Stage stage, Database database) throws Exception {
    int decisions = PER_SECOND * (int) stage.options().duration().toSeconds();
    Approvers approvers = Approvers.prepare(database, decisions);
    database.settle();
    return approvers;
  }

  private static Delays besideBoth(Stage stage, Database due, Findings findings) throws Exception {
    String topic = stage.topic();
    try {
      Load both = database -> sweep(stage, database, topic);
      return beside(stage, due, findings, "sweep and relay", both).delays();
    } finally {
      stage.broker().deleteTopic(topic);
    }
  }

  /** They begin when it has begun, and stop when nothing is left to expire. */
  private static Beside beside(Stage stage, Database due, Findings findings, String what, Load load)
      throws Exception {
    int rows = stage.options().rows();
    try (Database database = due.copy(stage.name("bench"))) {
      Approvers approvers = prepare(stage, database);
      double log = Wal.written(database);
      try (AutoCloseable running = load.start(database);
          Expired expired = new Expired(database)) {
        long begin = System.nanoTime();
        Delays delays = approvers.decide(PER_SECOND, () -> expired.count() < rows);
        double seconds = (System.nanoTime() - begin) / 1e9;
        log = Wal.written(database) - log;
        delays.addTo(findings, "beside " + what);
        findings.add("decided beside " + what, "decisions", delays.count());
        findings.add("log beside " + what, "MB/s", log / seconds / 1e6);
        findings.add("deadlocks", "deadlocks", database.number(DEADLOCKS));
        return new Beside(delays, log, database.number(BATCHES), seconds);
      }
    }
  }

  /** Without a relay if there is no topic. */
  private static AutoCloseable sweep(Stage stage, Database database, @Nullable String topic)
      throws Exception {
    String relaying = "--lapse.relay.enabled=" + (topic != null);
    return begun(database, stage.service(database, topic == null ? "none" : topic, relaying));
  }

  private static AutoCloseable loop(Database database) throws Exception {
    Callable<Void> sweep =
        () -> {
          SweepLoop.run(database);
          return null;
        };
    return begun(database, new Every(ONCE, sweep));
  }

  /** As many transactions as a sweep was seen to make, each of as much log. */
  private static AutoCloseable log(Database database, Beside sweep) throws Exception {
    return new WalLoad(
        database,
        (int) (sweep.log / sweep.batches),
        (int) Math.round(sweep.batches / sweep.seconds));
  }

  private static AutoCloseable begun(Database database, AutoCloseable load) throws Exception {
    try (Expired expired = new Expired(database)) {
      expired.await(1);
      return load;
    } catch (Exception e) {
      load.close();
      throw e;
    }
  }

  /** What is done meanwhile by others. */
  private interface Load {

    /** Returns once it goes on; it ends when it is closed. */
    AutoCloseable start(Database database) throws Exception;
  }

  /**
   * @param log bytes, of all who wrote
   * @param batches swept
   */
  private record Beside(Delays delays, double log, double batches, double seconds) {}
}
