package dev.lapse.console;

import java.time.Duration;
import java.util.Locale;

/** Durations as people say them. */
final class Spans {

  private Spans() {}

  static String of(Duration span) {
    Duration positive = span.abs();
    if (positive.toSeconds() < 1) {
      return positive.toMillis() + " ms";
    }
    if (positive.toSeconds() < 120) {
      return String.format(Locale.ROOT, "%.1f s", positive.toMillis() / 1000.0);
    }
    if (positive.toMinutes() < 120) {
      return "%d min".formatted(positive.toMinutes());
    }
    return positive.toHours() < 48
        ? "%d h %d min".formatted(positive.toHours(), positive.toMinutesPart())
        : "%d d %d h".formatted(positive.toDays(), positive.toHoursPart());
  }
}
