package dev.lapse.bench;

import java.util.function.BooleanSupplier;

/**
 * What a sweep does to people who decide meanwhile: 1,000 decisions a second, without a sweep,
 * beside one, and beside one whose events are published at the same time. A deadlock or any other
 * error of theirs ends the benchmark.
 */
@SuppressWarnings("try") // what runs beside is used by running
final class Writers implements Benchmark {

  private static final int PER_SECOND = 1000;

  private static final String DEADLOCKS =
      "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";

  @Override
  public void run(Stage stage, Findings findings) throws Exception {
    int rows = stage.options().rows();
    try (Database due = stage.database()) {
      Deadlines.due(due, rows);
      due.settle();
      for (int i = 0; i < stage.options().repeats(); i++) {
        Delays alone = alone(stage, due);
        alone.addTo(findings, "alone");
        Delays sweep = beside(stage, due, findings, "sweep", "--lapse.relay.enabled=false");
        findings.add("p99 beside a sweep to alone", "ratio", p99(sweep) / p99(alone));
        Delays both = beside(stage, due, findings, "sweep and relay", "--lapse.relay.enabled=true");
        findings.add("p99 beside sweep and relay to alone", "ratio", p99(both) / p99(alone));
      }
    }
    findings.expect("p99 beside a sweep to alone", Target.atMost(1.5));
    findings.expect("deadlocks", Target.atMost(0));
  }

  private static double p99(Delays delays) {
    return delays.within(0.99);
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

  /** They begin when it has begun, and stop when it is over. */
  private static Delays beside(
      Stage stage, Database due, Findings findings, String what, String setting) throws Exception {
    String topic = stage.topic();
    try (Database database = due.copy(stage.name("bench"))) {
      Approvers approvers = prepare(stage, database);
      try (Service service = stage.service(database, topic, setting);
          Expired expired = new Expired(database)) {
        expired.await(1);
        int rows = stage.options().rows();
        BooleanSupplier sweeping = () -> expired.count() < rows;
        Delays delays = approvers.decide(PER_SECOND, sweeping);
        delays.addTo(findings, "beside " + what);
        findings.add("decided beside " + what, "decisions", delays.count());
        findings.add("deadlocks", "deadlocks", database.number(DEADLOCKS));
        return delays;
      }
    } finally {
      stage.broker().deleteTopic(topic);
    }
  }
}
