package dev.lapse.pause;

import java.util.Locale;

/** What can be paused, each by itself. */
public enum Part {
  EXPIRATION,
  LADDER,
  RELAY;

  /** Its name in SQL, on the command line and in metrics. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
