package dev.lapse.fault;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;

/** A trap that waits for its message. It springs once. */
final class ArmedTrap {

  private final Predicate<Object> subject;
  private final AtomicInteger left;
  private final Trap trap;
  private final CountDownLatch sprung = new CountDownLatch(1);

  ArmedTrap(Predicate<Object> subject, int nth, Trap trap) {
    this.subject = subject;
    this.left = new AtomicInteger(nth);
    this.trap = trap;
  }

  /** Counts the message, if it is such a one, and tells whether it is the one. */
  boolean isDue(Object about) {
    return subject.test(about) && left.getAndDecrement() == 1;
  }

  Trap.Verdict spring() {
    return trap.spring();
  }

  void done() {
    sprung.countDown();
  }

  /** Whether it has sprung, and what it did is done. */
  boolean hasSprung() {
    return sprung.getCount() == 0;
  }

  /** Returns when it has sprung and what it did is done. */
  void await(Duration patience) {
    try {
      if (!sprung.await(patience.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new AssertionError("the trap has not sprung within " + patience);
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  void disarm() {
    left.set(0);
  }
}
