package dev.lapse.bench;

import dev.lapse.outbox.EmptyPoll;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * What a service costs that has nothing to do, beside an outbox of any size, and how soon one that
 * was just started publishes.
 */
final class Idle implements Benchmark {

  /** Its sessions, and what each has used so far. */
  private static final String SESSIONS =
      "SELECT pid FROM pg_stat_activity WHERE application_name = 'lapse'"
          + " AND datname = current_database()";

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

  /** None, all, and in between nothing: a cost that grew with the size would show. */
  private static List<Integer> sizes(int rows) {
    return rows >= 20_000_000 ? List.of(0, 1_000_000, 20_000_000) : List.of(0, rows);
  }

  private static void measure(Stage stage, Database database, int rows, Findings findings)
      throws Exception {
    String size = "%,d rows: ".formatted(rows);
    EmptyPoll.Cost poll = EmptyPoll.explain(database.dataSource());
    findings.add(size + "empty poll", "buffers", poll.buffers());
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
        List<Long> processes = new ArrayList<>(List.of(service.pid()));
        database.texts(SESSIONS).forEach(pid -> processes.add(Long.valueOf(pid)));
        List<Duration> before = processes.stream().map(Cpu::of).toList();
        rest(stage);
        double own = Cpu.secondsSince(before.get(0), service.pid());
        double all = 0;
        for (int i = 0; i < processes.size(); i++) {
          all += Cpu.secondsSince(before.get(i), processes.get(i));
        }
        double seconds = stage.options().duration().toSeconds();
        findings.add(size + "CPU of the service", "% of a processor", own / seconds * 100);
        findings.add(
            size + "CPU of its PostgreSQL sessions",
            "% of a processor",
            (all - own) / seconds * 100);
      }
    } finally {
      stage.broker().deleteTopic(topic);
    }
  }

  /** Each run has appended one more. */
  private static long publishedBefore(Database database, int rows) throws Exception {
    return (long) database.number("SELECT count(*) FROM outbox") - rows - 1;
  }

  /** Time passes, and that is what is measured. */
  private static void rest(Stage stage) {
    new Pace(1).await((int) stage.options().duration().toSeconds());
  }
}
