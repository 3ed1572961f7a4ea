package dev.lapse.retention;

import dev.lapse.loop.Loop;
import dev.lapse.loop.Looping;
import java.time.Duration;

/** The retention of this instance; of several, one purges at a time. */
public final class Retention implements Looping {

  private final Loop loop;
  private final Duration period;

  /**
   * @param period how long {@code step} keeps published records
   */
  Retention(RetentionStep step, Duration period) {
    this.period = period;
    this.loop = new Loop("retention", step);
  }

  /** How long published records are kept. */
  public Duration period() {
    return period;
  }

  @Override
  public Loop loop() {
    return loop;
  }
}
