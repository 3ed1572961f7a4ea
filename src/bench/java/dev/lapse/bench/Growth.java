package dev.lapse.bench;

import java.util.ArrayList;
import java.util.List;

/**
 * Whether a larger backlog drains as fast as a small one. The service is up and warm; a backlog is
 * committed in one transaction, so it is there at once, and drains from that commit to its last
 * event. Small ones come several times, since one is over in a blink.
 */
@SuppressWarnings("try") // what runs beside is used by running
final class Growth implements Benchmark {

  private static final int SMALLEST = 10_000;

  @Override
  public void run(Stage stage, Findings findings) throws Exception {
    List<Double> sizes = new ArrayList<>();
    List<Double> rates = new ArrayList<>();
    String topic = stage.topic();
    try (Database database = stage.database();
        Receiver receiver = Receiver.of(stage, topic);
        Service service = stage.service(database, topic)) {
      int most = stage.options().rows();
      drain(database, receiver, Math.min(most, 300_000)); // the warm-up
      for (int size = SMALLEST; size <= most; size *= 10) {
        String name = "%,d events".formatted(size);
        int repeats = Math.max(stage.options().repeats(), 200_000 / size);
        for (int i = 0; i < repeats; i++) {
          findings.add(name, "events/s", drain(database, receiver, size));
        }
        sizes.add((double) size);
        rates.add(findings.measure(name).median());
      }
    } finally {
      stage.broker().deleteTopic(topic);
    }
    double slowest = rates.stream().min(Double::compare).orElseThrow();
    double fastest = rates.stream().max(Double::compare).orElseThrow();
    findings.add("slowest size to fastest", "ratio", slowest / fastest);
    findings.expect("slowest size to fastest", Target.atLeast(0.85));
    findings.plot(
        new Plot(
            "growth",
            "Drain rate by size of the backlog",
            "events in the backlog",
            "events/s",
            true,
            List.of(new Plot.Curve("Lapse", sizes, rates))));
  }

  private static double drain(Database database, Receiver receiver, int events) throws Exception {
    long before = receiver.count();
    Rows.append(database, events);
    long begin = System.nanoTime();
    return events / receiver.await(before + events).secondsSince(begin);
  }
}
