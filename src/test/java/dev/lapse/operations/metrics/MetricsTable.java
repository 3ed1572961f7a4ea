package dev.lapse.operations.metrics;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The metrics that {@code docs/operate/monitoring.md} promises, and those of a scrape. */
final class MetricsTable {

  static final Path DIRECTORY = Path.of("docs/operate");

  private static final Pattern ROW =
      Pattern.compile("\\| `(lapse_\\w+)` \\| (\\w+) \\|([^|]*)\\| .+ \\|");
  private static final Pattern TYPE = Pattern.compile("# TYPE (lapse_\\w+) (\\w+)");
  private static final Pattern SAMPLE = Pattern.compile("(lapse_\\w+?)(?:\\{(.*)})? \\S+");
  private static final Pattern NAME = Pattern.compile("\\w+");

  private MetricsTable() {}

  /**
   * @param type as Prometheus calls it
   * @param tags their names
   */
  record Metric(String type, Set<String> tags) {}

  static Map<String, Metric> documented() {
    Map<String, Metric> metrics = new TreeMap<>();
    for (String line : lines()) {
      Matcher row = ROW.matcher(line);
      if (row.matches()) {
        metrics.put(row.group(1), new Metric(row.group(2), names(row.group(3))));
      }
    }
    return metrics;
  }

  /** Every name by which one of them can be asked for. */
  static Set<String> series() {
    Set<String> names = new TreeSet<>();
    documented()
        .forEach(
            (name, metric) -> {
              names.add(name);
              if (metric.type().equals("histogram")) {
                names.addAll(
                    Set.of(name + "_bucket", name + "_count", name + "_sum", name + "_max"));
              }
            });
    return names;
  }

  /** Those of a scrape; the maximum of a histogram, which comes as a gauge, belongs to it. */
  static Map<String, Metric> of(String scrape) {
    Map<String, Metric> metrics = new TreeMap<>();
    scrape
        .lines()
        .map(TYPE::matcher)
        .filter(Matcher::matches)
        .forEach(type -> metrics.put(type.group(1), new Metric(type.group(2), new TreeSet<>())));
    metrics
        .keySet()
        .removeIf(name -> name.endsWith("_max") && isHistogram(metrics, name.replace("_max", "")));
    for (String line : scrape.lines().toList()) {
      Matcher sample = SAMPLE.matcher(line);
      if (sample.matches()) {
        Metric metric = metrics.get(sample.group(1));
        if (metric != null && sample.group(2) != null) {
          metric.tags().addAll(names(sample.group(2).replaceAll("=\"[^\"]*\"", "")));
        }
      }
    }
    return metrics;
  }

  private static boolean isHistogram(Map<String, Metric> metrics, String name) {
    Metric metric = metrics.get(name);
    return metric != null && metric.type().equals("histogram");
  }

  private static Set<String> names(String text) {
    return NAME.matcher(text)
        .results()
        .map(result -> result.group())
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static Iterable<String> lines() {
    try {
      return Files.readAllLines(DIRECTORY.resolve("monitoring.md"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
