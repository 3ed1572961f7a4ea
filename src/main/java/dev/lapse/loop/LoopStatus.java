package dev.lapse.loop;

import java.time.Instant;

/** Where a loop stands; made by the loop, read by health. */
public sealed interface LoopStatus {

  /** Not started, or stopped in good order. */
  record Stopped() implements LoopStatus {}

  /** Turning. */
  record Running() implements LoopStatus {}

  /**
   * The last cycle failed and another try is coming.
   *
   * @param since when the first of the failures in a row happened
   * @param attempts failures in a row
   * @param reason what the last one said
   * @param nextAttempt when it will be tried again
   */
  record BackingOff(Instant since, int attempts, String reason, Instant nextAttempt)
      implements LoopStatus {}

  /** Ended by an {@link Error}: only a restart of the process helps. */
  record Broken(String reason) implements LoopStatus {}
}
