package dev.lapse.bench;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** How long each of many things took. */
final class Delays {

  private static final List<Double> SHARES =
      List.of(0.01, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999);

  private final long[] sorted;

  /**
   * @param nanos in any order
   */
  Delays(long[] nanos) {
    this.sorted = nanos.clone();
    Arrays.sort(sorted);
  }

  int count() {
    return sorted.length;
  }

  /** Milliseconds within which that share of them was done. */
  double within(double share) {
    int index = (int) Math.ceil(share * sorted.length) - 1;
    return sorted[Math.max(0, index)] / 1e6;
  }

  /** Notes median, the slowest of a hundred, and the slowest. */
  void addTo(Findings findings, String whose) {
    findings.add(whose + " p50", "ms", within(0.5));
    findings.add(whose + " p99", "ms", within(0.99));
    findings.add(whose + " at most", "ms", within(1));
  }

  /** Share of a hundred against milliseconds. */
  Plot.Curve curve(String name) {
    return new Plot.Curve(
        name,
        SHARES.stream().map(share -> share * 100).toList(),
        SHARES.stream().map(this::within).toList());
  }

  static Plot plot(String file, String title, Plot.Curve... curves) {
    return new Plot(
        file, title, "share of events, %", "milliseconds", false, Stream.of(curves).toList());
  }
}
