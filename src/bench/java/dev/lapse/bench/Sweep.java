package dev.lapse.bench;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

/**
 * How fast a backlog of due approvals expires, with the guard on, and what happens behind it: the
 * relay publishes at the same time.
 */
@SuppressWarnings("try") // what runs beside is used by running
final class Sweep implements Benchmark {

  private static final Duration LOOK = Duration.ofMillis(100);

  private static final String UNGUARDED = "ALTER TABLE ai_approvals DISABLE TRIGGER USER";

  @Override
  public void run(Stage stage, Findings findings) throws Exception {
    int rows = stage.options().rows();
    try (Database due = stage.database()) {
      Deadlines.due(due, rows);
      due.settle();
      for (int i = 0; i < stage.options().repeats(); i++) {
        double lapse = findings.add("Lapse", "approvals/s", alone(stage, due, rows));
        double loop = findings.add("statement alone", "approvals/s", loop(stage, due, rows, ""));
        double bare =
            findings.add(
                "statement alone, without the guard",
                "approvals/s",
                loop(stage, due, rows, UNGUARDED));
        findings.add("to statement alone", "ratio", lapse / loop);
        findings.add("guard to none", "ratio", loop / bare);
        beneathAnOldSnapshot(stage, due, findings, rows);
        together(stage, due, findings, rows, i == 0);
      }
    }
    findings.expect("to statement alone", Target.atLeast(0.9));
    findings.expect("first part to last, old snapshot held", Target.atMost(1.3));
    findings.expect("backlog at most, of all", Target.atMost(0.25));
  }

  /** Without a relay: what sweeping alone can do. */
  private static double alone(Stage stage, Database due, int rows) throws Exception {
    try (Database database = due.copy(stage.name("bench"))) {
      sweep(stage, database, rows);
      return Deadlines.rate(database, 0, rows);
    }
  }

  private static void sweep(Stage stage, Database database, int rows) throws Exception {
    try (Service service = stage.service(database, "none", "--lapse.relay.enabled=false");
        Expired expired = new Expired(database)) {
      expired.await(rows);
    }
  }

  private static double loop(Stage stage, Database due, int rows, String preparation)
      throws SQLException {
    try (Database database = due.copy(stage.name("bench"))) {
      if (!preparation.isEmpty()) {
        database.execute(preparation);
      }
      SweepLoop.run(database);
      return Deadlines.rate(database, 0, rows);
    }
  }

  /** Nothing that a sweep leaves dead can be cleaned up then. */
  private static void beneathAnOldSnapshot(Stage stage, Database due, Findings findings, int rows)
      throws Exception {
    int part = rows / 5;
    try (Database database = due.copy(stage.name("bench"));
        Connection holder = database.connect();
        Statement statement = holder.createStatement()) {
      holder.setAutoCommit(false);
      holder.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
      statement.execute("SELECT count(*) FROM outbox");
      sweep(stage, database, rows);
      holder.rollback();
      int begin = rows / 20; // the JVM is warm by then
      double first = Deadlines.rate(database, begin, begin + part);
      double last = Deadlines.rate(database, rows - part, rows);
      findings.add("first part, old snapshot held", "approvals/s", first);
      findings.add("last part, old snapshot held", "approvals/s", last);
      findings.add("first part to last, old snapshot held", "ratio", first / last);
    }
  }

  /** With the relay in the same service; how far it lags behind, a few times a second. */
  private static void together(
      Stage stage, Database due, Findings findings, int rows, boolean plotted) throws Exception {
    String topic = stage.topic();
    List<Double> seconds = new ArrayList<>();
    List<Double> expired = new ArrayList<>();
    List<Double> received = new ArrayList<>();
    try (Database database = due.copy(stage.name("bench"));
        Receiver receiver = Receiver.of(stage, topic);
        Service service = stage.service(database, topic);
        Expired count = new Expired(database)) {
      count.await(1);
      long begin = System.nanoTime();
      Callable<Boolean> look =
          () -> {
            expired.add((double) count.count());
            received.add((double) receiver.count());
            return seconds.add((System.nanoTime() - begin) / 1e9);
          };
      try (Every looks = new Every(LOOK, look)) {
        double took = receiver.await(rows).secondsSince(begin);
        findings.add("sweep and relay, first expired to last event", "s", took);
        findings.add("sweep and relay", "events/s", rows / took);
      }
    } finally {
      stage.broker().deleteTopic(topic);
    }
    double backlog = 0;
    for (int i = 0; i < expired.size(); i++) {
      backlog = Math.max(backlog, expired.get(i) - received.get(i));
    }
    findings.add("backlog at most", "events", backlog);
    findings.add("backlog at most, of all", "ratio", backlog / rows);
    if (plotted) {
      findings.plot(
          new Plot(
              "sweep",
              "Sweep and relay together",
              "seconds",
              "approvals, events",
              false,
              List.of(
                  new Plot.Curve("expired", seconds, expired),
                  new Plot.Curve("received", seconds, received))));
    }
  }
}
