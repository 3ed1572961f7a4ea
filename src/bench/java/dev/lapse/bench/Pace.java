package dev.lapse.bench;

import java.util.concurrent.locks.LockSupport;

/**
 * A beat that does not wait for whoever works to it: who comes late finds the next beats past, and
 * what he does counts from when it was due.
 */
final class Pace {

  private final long begin = System.nanoTime();
  private final int perSecond;

  Pace(int perSecond) {
    this.perSecond = perSecond;
  }

  /** Returns at the {@code n}th beat, or at once if it is past, and tells when it was. */
  long await(int n) {
    long beat = begin + n * 1_000_000_000L / perSecond;
    for (long left = beat - System.nanoTime(); left > 0; left = beat - System.nanoTime()) {
      LockSupport.parkNanos(left);
    }
    return beat;
  }
}
