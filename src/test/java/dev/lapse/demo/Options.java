package dev.lapse.demo;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * What the demonstration was told.
 *
 * @param length how long approvals keep falling due, one second to an hour; default two minutes
 * @param exit whether it exits after the tally instead of going on to serve
 * @param service everything else: settings of the service
 */
record Options(Duration length, boolean exit, List<String> service) {

  private static final String MINUTES = "--demo.minutes=";

  /**
   * @throws IllegalArgumentException that says what to write instead
   */
  static Options of(String... args) {
    Duration length = Duration.ofMinutes(2);
    boolean exit = false;
    List<String> service = new ArrayList<>();
    for (String arg : args) {
      if (arg.startsWith(MINUTES)) {
        length = length(arg.substring(MINUTES.length()));
      } else if (arg.equals("--demo.exit") || arg.equals("--demo.exit=true")) {
        exit = true;
      } else if (arg.equals("--demo.exit=false")) {
        exit = false;
      } else if (arg.startsWith("--demo.")) {
        throw new IllegalArgumentException(
            arg + " is unknown: there are --demo.minutes=2 and --demo.exit=true");
      } else {
        service.add(arg);
      }
    }
    return new Options(length, exit, List.copyOf(service));
  }

  private static Duration length(String minutes) {
    try {
      Duration length = Duration.ofMillis(Math.round(Double.parseDouble(minutes) * 60_000));
      if (length.toSeconds() >= 1 && length.toHours() < 1) {
        return length;
      }
    } catch (NumberFormatException e) {
      // said below
    }
    throw new IllegalArgumentException(
        MINUTES + minutes + " is no good: set minutes between 0.02 and 59, such as 0.5");
  }
}
