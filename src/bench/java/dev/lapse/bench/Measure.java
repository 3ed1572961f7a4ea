package dev.lapse.bench;

import java.util.Collections;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * One figure with all its runs.
 *
 * @param unit what a run's value counts; "ratio" for one to a control
 */
record Measure(String name, String unit, List<Double> runs, @Nullable Target target) {

  Measure {
    runs = List.copyOf(runs);
  }

  double median() {
    List<Double> sorted = runs.stream().sorted().toList();
    int middle = sorted.size() / 2;
    return sorted.size() % 2 == 1
        ? sorted.get(middle)
        : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
  }

  double least() {
    return Collections.min(runs);
  }

  double greatest() {
    return Collections.max(runs);
  }

  /** As people read it: whole from a hundred on, three digits below. */
  static String text(double value) {
    double size = Math.abs(value);
    String format = size >= 100 ? "%,.0f" : size >= 10 ? "%.1f" : size >= 1 ? "%.2f" : "%.3f";
    return String.format(Locale.ROOT, format, value);
  }
}
