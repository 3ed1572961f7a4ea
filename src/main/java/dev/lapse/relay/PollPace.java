package dev.lapse.relay;

import java.time.Duration;

/**
 * How soon the relay looks at an outbox again that had nothing new: less often once nothing has
 * come for a second, or an idle service would be at work for nothing. Used by the relay's thread
 * alone.
 */
final class PollPace {

  private static final long LULL = Duration.ofSeconds(1).toNanos();
  private static final Duration LULL_INTERVAL = Duration.ofMillis(50);

  private final Duration interval;
  private final Duration lullInterval;
  private long foundAt;

  /**
   * @param interval between two looks
   * @param now the {@link System#nanoTime()}
   */
  PollPace(Duration interval, long now) {
    this.interval = interval;
    this.lullInterval = interval.compareTo(LULL_INTERVAL) < 0 ? LULL_INTERVAL : interval;
    this.foundAt = now;
  }

  /**
   * The pause behind a look.
   *
   * @param found whether there was anything new
   * @param now the {@link System#nanoTime()}
   */
  Duration after(boolean found, long now) {
    if (found) {
      foundAt = now;
    }
    return now - foundAt < LULL ? interval : lullInterval;
  }
}
