package dev.lapse.deadline;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.convert.DurationStyle;

/** The steps of {@code lapse.ladder}, and the words that statements about them are written in. */
record Ladder(List<Rung> rungs) {

  private static final int MOST = 10;
  private static final Pattern RUNG = Pattern.compile("(\\d{1,2}%|[^:%]+):(remind|escalate)");
  private static final Duration LONGEST = Duration.ofDays(3660);

  /**
   * @param name as the settings have it, such as {@code 24h}
   * @param share of the time from the request to the deadline; null for a time before the deadline
   * @param before the deadline; null for a share
   * @param escalates or reminds
   */
  record Rung(String name, @Nullable Integer share, @Nullable Duration before, boolean escalates) {

    private String sql() {
      return share != null
          ? "('%s', %d / 100.0::float8, NULL::interval)".formatted(name, share)
          : "('%s', NULL::float8, interval '%d ms')"
              .formatted(name, Objects.requireNonNull(before).toMillis());
    }
  }

  /**
   * @throws IllegalArgumentException saying what is wrong with them
   */
  static Ladder of(List<String> settings) {
    if (settings.size() > MOST) {
      throw new IllegalArgumentException(
          "lapse.ladder has %d steps: set %d at most".formatted(settings.size(), MOST));
    }
    List<Rung> rungs = settings.stream().map(Ladder::rung).toList();
    if (rungs.stream().map(Rung::name).collect(Collectors.toCollection(HashSet::new)).size()
        < rungs.size()) {
      throw new IllegalArgumentException(
          "lapse.ladder is %s: name each time once".formatted(settings));
    }
    return new Ladder(rungs);
  }

  private static Rung rung(String setting) {
    Matcher parts = RUNG.matcher(setting.strip().toLowerCase(Locale.ROOT));
    if (parts.matches()) {
      String when = parts.group(1);
      boolean escalates = parts.group(2).equals("escalate");
      if (when.endsWith("%")) {
        int share = Integer.parseInt(when.substring(0, when.length() - 1));
        if (share > 0) {
          return new Rung(share + "%", share, null, escalates);
        }
      } else {
        Duration before = duration(when);
        if (before != null && before.toMillis() >= 1000 && before.compareTo(LONGEST) <= 0) {
          return new Rung(when, null, before, escalates);
        }
      }
    }
    throw new IllegalArgumentException(
        ("lapse.ladder has the step \"%s\": set a share from 1%% to 99%% or a time from 1s to 3660d,"
                + " then :remind or :escalate, such as 50%%:escalate or 24h:remind")
            .formatted(setting));
  }

  private static @Nullable Duration duration(String text) {
    try {
      return text.matches("\\d{1,9}[smhd]") ? DurationStyle.detectAndParse(text) : null;
    } catch (IllegalArgumentException | DateTimeParseException e) {
      return null;
    }
  }

  boolean isEmpty() {
    return rungs.isEmpty();
  }

  /** Whether it needs to know when an approval was requested. */
  boolean hasShare() {
    return rungs.stream().anyMatch(rung -> rung.share() != null);
  }

  /**
   * {@code ladder}: the steps as rows (step, share, before); {@code ladder_id}: a number that is
   * another one for another ladder; {@code escalating}: the steps that escalate.
   */
  Map<String, String> words() {
    String rows = rungs.stream().map(Rung::sql).collect(Collectors.joining(", "));
    CRC32 id = new CRC32();
    id.update(rows.getBytes(StandardCharsets.UTF_8));
    return Map.of(
        "ladder",
        rows,
        "ladder_id",
        Integer.toString((int) id.getValue()),
        "escalating",
        rungs.stream()
            .filter(Rung::escalates)
            .map(rung -> "'" + rung.name() + "'")
            .collect(Collectors.joining(", ", "ARRAY[", "]::text[]")));
  }
}
