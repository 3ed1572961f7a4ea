package dev.lapse.relay;

import java.time.Duration;

/**
 * How soon the relay looks at the outbox again.
 *
 * <p>After a transaction it gathers what comes, for one and a half times as long as that took: each
 * costs the broker the same, however few events it holds. So a lone event is published at once, and
 * of many no more than two fifths of the time goes into transactions, also where processors are
 * scarce. It looks less often once nothing has come for a second, or an idle service would be at
 * work for nothing. Used by the relay's thread alone.
 */
final class PollPace {

  private static final long LULL = Duration.ofSeconds(1).toNanos();
  private static final Duration LULL_INTERVAL = Duration.ofMillis(50);
  private static final Duration LONGEST_GATHERING = Duration.ofMillis(25);

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
   * The pause after a look that found nothing.
   *
   * @param now the {@link System#nanoTime()}
   */
  Duration afterNothing(long now) {
    return now - foundAt < LULL ? interval : lullInterval;
  }

  /**
   * How long to gather events after a transaction.
   *
   * @param took from the look that found its events until it was committed
   * @param now the {@link System#nanoTime()}
   */
  Duration afterTransaction(Duration took, long now) {
    foundAt = now;
    Duration gathering = took.multipliedBy(3).dividedBy(2);
    return gathering.compareTo(LONGEST_GATHERING) < 0 ? gathering : LONGEST_GATHERING;
  }
}
