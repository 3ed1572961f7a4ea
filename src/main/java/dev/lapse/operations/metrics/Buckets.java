package dev.lapse.operations.metrics;

import java.time.Duration;
import java.util.stream.DoubleStream;
import java.util.stream.LongStream;

/** The bounds of our histograms: few, and placed where a person wants to tell apart. */
final class Buckets {

  private Buckets() {}

  /** From a good poll to an outage of an hour. */
  static Duration[] durations() {
    return LongStream.of(
            5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000,
            3_600_000)
        .mapToObj(Duration::ofMillis)
        .toArray(Duration[]::new);
  }

  /** From a click a second too late to one after a long weekend. */
  static Duration[] delays() {
    return LongStream.of(1, 10, 60, 300, 900, 3_600, 21_600, 86_400, 345_600)
        .mapToObj(Duration::ofSeconds)
        .toArray(Duration[]::new);
  }

  static double[] records() {
    return DoubleStream.of(1, 10, 100, 500, 1_000, 2_500, 5_000, 10_000, 100_000).toArray();
  }

  static double[] bytes() {
    return DoubleStream.of(1 << 10, 1 << 14, 1 << 17, 1 << 20, 1 << 21, 1 << 22, 1 << 24, 1 << 26)
        .toArray();
  }
}
