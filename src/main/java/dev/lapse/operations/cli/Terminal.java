package dev.lapse.operations.cli;

import java.time.Duration;
import picocli.CommandLine.Help.Ansi;

/** What a person sees. */
final class Terminal {

  private Terminal() {}

  /** Whether a person looks at a terminal that understands escape sequences. */
  static boolean isAttached() {
    return Ansi.AUTO.enabled();
  }

  /** Such as {@code 3 d 4 h} or {@code 2 min 5 s}: two units are enough. */
  static String duration(Duration duration) {
    if (duration.toDays() > 0) {
      return "%d d %d h".formatted(duration.toDays(), duration.toHoursPart());
    }
    if (duration.toHours() > 0) {
      return "%d h %d min".formatted(duration.toHours(), duration.toMinutesPart());
    }
    if (duration.toMinutes() > 0) {
      return "%d min %d s".formatted(duration.toMinutes(), duration.toSecondsPart());
    }
    return duration.toSeconds() + " s";
  }
}
