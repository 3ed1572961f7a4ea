package dev.lapse.fault;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What was injected, how long the service took to be well again, and what the checker found. */
final class Report {

  private final Map<String, List<Duration>> recoveries = new TreeMap<>();
  private final Map<String, String> leftOut = new TreeMap<>();
  private final List<String> lines = new ArrayList<>();

  void recovered(Fault fault, Duration recovery) {
    recoveries.computeIfAbsent(fault.name(), unused -> new ArrayList<>()).add(recovery);
  }

  void leftOut(Fault fault, String reason) {
    leftOut.put(fault.name(), reason);
  }

  void say(String line) {
    lines.add(line);
  }

  int injections() {
    return recoveries.values().stream().mapToInt(List::size).sum();
  }

  /** Appends to the reports of this build. A verdict is about all faults before it. */
  void write(String title, Verdict verdict) {
    StringBuilder text = new StringBuilder("## " + title + "\n\n");
    lines.forEach(line -> text.append(line).append("  \n"));
    leftOut.forEach(
        (fault, reason) -> text.append("left out: %s (%s)  %n".formatted(fault, reason)));
    text.append("\n| fault | injected | lost | duplicated | misordered | wrongly expired |")
        .append(" recovery, median | worst |\n|---|--:|--:|--:|--:|--:|--:|--:|\n");
    recoveries.forEach(
        (fault, all) -> {
          List<Duration> sorted = all.stream().sorted().toList();
          text.append(
              "| %s | %d | %s | %s | %s |%n"
                  .formatted(
                      fault,
                      sorted.size(),
                      verdict.isFlawless() ? "0 | 0 | 0 | 0" : "? | ? | ? | ?",
                      seconds(sorted.get(sorted.size() / 2)),
                      seconds(sorted.get(sorted.size() - 1))));
        });
    text.append(
        "| **all** | %d | %d | %d | %d | %d | | |%n%n"
            .formatted(
                injections(),
                verdict.lost(),
                verdict.duplicate(),
                verdict.misordered(),
                verdict.wronglyExpired()));
    text.append("`").append(verdict.summary()).append("`\n\n");
    try {
      Files.createDirectories(Path.of("target", "faults"));
      Files.writeString(
          Path.of("target", "faults", title.replaceAll("[^A-Za-z0-9]+", "-") + ".md"), text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String seconds(Duration duration) {
    return "%.1f s".formatted(duration.toMillis() / 1000.0);
  }
}
