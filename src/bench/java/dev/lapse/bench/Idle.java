package dev.lapse.bench;

import dev.lapse.outbox.EmptyPoll;
import java.util.List;

/**
 * What a service costs that has nothing to do, beside an outbox of any size, and how soon one that
 * was just started publishes.
 */
final class Idle implements Benchmark {

  private static final String UNIT = "% of a processor";

  @Override
  public void run(Stage stage, Findings findings) throws Exception {
    for (int rows : sizes(stage.options().rows())) {
      try (Database database = stage.database()) {
        Rows.append(database, rows);
        database.settle();
        measure(stage, database, rows, findings);
      }
    }
  }

  /** An empty outbox, and full ones: a cost that grew with the size would show. */
  private static List<Integer> sizes(int rows) {
    return rows >= 20_000_000 ? List.of(0, 1_000_000, 20_000_000) : List.of(0, rows);
  }

  private static void measure(Stage stage, Database database, int rows, Findings findings)
      throws Exception {
    String size = "%,d rows: ".formatted(rows);
    EmptyPoll.Cost poll = EmptyPoll.explain(database.dataSource());
    findings.add(size + "empty poll", "buffers", (double) poll.buffers());
    findings.add(size + "empty poll takes", "ms", poll.milliseconds());
    findings.expect(size + "empty poll", Target.atMost(40));
    for (int i = 0; i < stage.options().repeats(); i++) {
      idle(stage, database, rows, size, findings);
    }
  }

  private static void idle(Stage stage, Database database, int rows, String size, Findings findings)
      throws Exception {
    String topic = stage.topic();
    try (Receiver receiver = Receiver.of(stage, topic)) {
      long begin = System.nanoTime();
      Rows.append(database, 1);
      try (Service service = stage.service(database, topic)) {
        findings.add(size + "start to first event", "s", receiver.await(1).secondsSince(begin));
        receiver.await(rows + 1 + publishedBefore(database, rows));
        rest(stage);
        Cpu own = Cpu.of(service.pid());
        Cpu sessions = Cpu.of(database.serviceSessions());
        Cpu broker = Cpu.of(stage.broker().pid());
        rest(stage);
        double percent = 100.0 / seconds(stage);
        findings.add(size + "CPU of the service", UNIT, own.seconds() * percent);
        findings.add(size + "CPU of its database sessions", UNIT, sessions.seconds() * percent);
        findings.add(size + "CPU of the broker", UNIT, broker.seconds() * percent);
      }
    } finally {
      stage.broker().deleteTopic(topic);
    }
  }

  /** Each run has appended one more. */
  private static long publishedBefore(Database database, int rows) throws Exception {
    return (long) database.number("SELECT count(*) FROM outbox") - rows - 1;
  }

  private static int seconds(Stage stage) {
    return Math.max(2, (int) stage.options().duration().toSeconds() / 3);
  }

  /** Time passes, and that is what is measured. */
  private static void rest(Stage stage) {
    var unused = new Pace(1).await(seconds(stage));
  }
}
