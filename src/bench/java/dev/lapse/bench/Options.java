package dev.lapse.bench;

import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a run is asked for, by system properties.
 *
 * @param only the benchmarks to run, in the order of the suite ({@code bench.only}, default all)
 * @param rows outbox rows or due approvals of a drain or sweep ({@code bench.rows}, default a
 *     million)
 * @param repeats how often subject and control take turns ({@code bench.repeats}, default 3)
 * @param duration of each paced phase ({@code bench.seconds}, default 30)
 * @param recording whether the service records itself with Java Flight Recorder ({@code bench.jfr})
 * @param arguments what the service is started with besides, to try a setting ({@code
 *     bench.arguments}, with blanks in between)
 * @param name under which the results are kept in docs/benchmarks ({@code bench.name}, default
 *     nowhere)
 */
record Options(
    Set<String> only,
    int rows,
    int repeats,
    Duration duration,
    boolean recording,
    List<String> arguments,
    @Nullable String name) {

  private static final Pattern NAME = Pattern.compile("[a-z0-9-]+");

  /**
   * Reads them.
   *
   * @param known the names of all benchmarks
   * @throws IllegalArgumentException if one is not usable; it says why, and what would be
   */
  static Options read(Set<String> known) {
    return new Options(
        only(known),
        number("bench.rows", 1_000_000, 10_000),
        number("bench.repeats", 3, 1),
        Duration.ofSeconds(number("bench.seconds", 30, 2)),
        Boolean.getBoolean("bench.jfr"),
        givenArguments(),
        givenName());
  }

  private static Set<String> only(Set<String> known) {
    Set<String> only = new LinkedHashSet<>(known);
    String names = System.getProperty("bench.only", "");
    if (!names.isBlank()) {
      Set<String> wanted = new LinkedHashSet<>(Arrays.asList(names.trim().split("\\s*,\\s*")));
      for (String name : wanted) {
        if (!known.contains(name)) {
          throw new IllegalArgumentException(
              "bench.only names \"%s\", and there is no such benchmark: use some of %s"
                  .formatted(name, String.join(",", known)));
        }
      }
      only.retainAll(wanted);
    }
    return only;
  }

  private static int number(String property, int otherwise, int least) {
    String value = System.getProperty(property, Integer.toString(otherwise));
    try {
      int number = Integer.parseInt(value);
      if (number >= least) {
        return number;
      }
    } catch (NumberFormatException e) {
      // told below
    }
    throw new IllegalArgumentException(
        "%s is \"%s\": set a whole number, %d at the least".formatted(property, value, least));
  }

  private static List<String> givenArguments() {
    String arguments = System.getProperty("bench.arguments", "").trim();
    return arguments.isEmpty() ? List.of() : List.of(arguments.split("\\s+"));
  }

  private static @Nullable String givenName() {
    String name = System.getProperty("bench.name");
    if (name != null && !NAME.matcher(name).matches()) {
      throw new IllegalArgumentException(
          ("bench.name is \"%s\", and becomes part of a directory's name: use small letters, digits"
                  + " and hyphens")
              .formatted(name));
    }
    return name;
  }

  /** For the results. */
  Map<String, Object> described() {
    return new TreeMap<>(
        Map.of(
            "only", only,
            "rows", rows,
            "repeats", repeats,
            "seconds", duration.toSeconds(),
            "recording", recording,
            "arguments", arguments));
  }
}
