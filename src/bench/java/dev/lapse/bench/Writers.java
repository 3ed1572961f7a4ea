package dev.lapse.bench;

/**
 * What a sweep does to people who decide meanwhile: 1,000 decisions a second, beside a sweep and
 * without one. A deadlock or any other error of theirs ends the benchmark.
 */
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
        Delays beside = besideASweep(stage, due, findings);
        beside.addTo(findings, "beside a sweep");
        findings.add("p99 to alone", "ratio", beside.within(0.99) / alone.within(0.99));
      }
    }
    findings.expect("p99 to alone", Target.atMost(1.5));
    findings.expect("deadlocks", Target.atMost(0));
  }

  private static int decisions(Stage stage) {
    return PER_SECOND * (int) stage.options().duration().toSeconds();
  }

  private static Delays alone(Stage stage, Database due) throws Exception {
    try (Database database = due.copy(stage.name("bench"))) {
      Approvers approvers = Approvers.prepare(database, decisions(stage));
      database.settle();
      return approvers.decide(PER_SECOND);
    }
  }

  /** With the relay on, as in production. They begin when its first event has come. */
  private static Delays besideASweep(Stage stage, Database due, Findings findings)
      throws Exception {
    String topic = stage.topic();
    try (Database database = due.copy(stage.name("bench"))) {
      Approvers approvers = Approvers.prepare(database, decisions(stage));
      database.settle();
      try (Receiver receiver = Receiver.of(stage, topic);
          Service service = stage.service(database, topic)) {
        receiver.await(1);
        long begin = receiver.count();
        Delays delays = approvers.decide(PER_SECOND);
        findings.add("approvals expired meanwhile", "approvals", receiver.count() - begin);
        findings.add("deadlocks", "deadlocks", database.number(DEADLOCKS));
        return delays;
      }
    } finally {
      stage.broker().deleteTopic(topic);
    }
  }
}
