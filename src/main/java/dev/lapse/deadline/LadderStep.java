package dev.lapse.deadline;

import dev.lapse.loop.Step;
import dev.lapse.pause.Part;
import dev.lapse.pause.Pause;
import dev.lapse.pause.Pauses;
import java.time.Duration;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One cycle of the ladder: arms what no trigger has armed, at the start and once a day; then fires
 * what is due, batch by batch, and sleeps until the next step, at most a second.
 */
final class LadderStep implements Step {

  private static final Logger log = LoggerFactory.getLogger(LadderStep.class);

  static final int BATCH = 1000;
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(1);
  private static final Duration SHORTEST_PAUSE = Duration.ofMillis(1);

  /** For a step whose approval somebody holds. */
  private static final Duration HELD_PAUSE = Duration.ofMillis(100);

  private static final long ARMING_INTERVAL = Duration.ofDays(1).toNanos();

  /** For approvals that somebody held. */
  private static final long HELD_INTERVAL = Duration.ofSeconds(10).toNanos();

  private final DueSteps steps;
  private final StepStorm storm;
  private final Pauses pauses;
  private final LadderListener listener;
  private final LongSupplier nanoTime;

  private DueSteps.@Nullable ArmedUpTo arming;
  private long armAt;
  private long armed;
  private long held;
  private volatile @Nullable Pause paused;

  LadderStep(
      DueSteps steps,
      StepStorm storm,
      Pauses pauses,
      LadderListener listener,
      LongSupplier nanoTime) {
    this.steps = steps;
    this.storm = storm;
    this.pauses = pauses;
    this.listener = listener;
    this.nanoTime = nanoTime;
    this.armAt = nanoTime.getAsLong();
  }

  @Override
  public Duration runOnce() {
    RuntimeException failure = null;
    boolean arms = false;
    try {
      arms = arm();
    } catch (RuntimeException e) {
      failure = e;
    }
    boolean isPaused = fire(); // whatever keeps it from arming
    notice(isPaused);
    if (failure != null) {
      throw failure;
    }
    if (arms) {
      return Duration.ZERO;
    }
    return isPaused ? LONGEST_PAUSE : untilNext();
  }

  /** A batch at a time, so that what is due need not wait; returns whether there is more. */
  private boolean arm() {
    if (arming == null && nanoTime.getAsLong() - armAt >= 0) {
      arming = steps.first();
    }
    if (arming == null) {
      return false;
    }
    DueSteps.Armed batch = steps.arm(arming, BATCH);
    armed += batch.armed();
    held += batch.held();
    arming = batch.next();
    if (arming == null) {
      armAt = nanoTime.getAsLong() + (held > 0 ? HELD_INTERVAL : ARMING_INTERVAL);
      held = 0;
      if (armed > 0) {
        log.info("Armed pending approvals for lapse.ladder count={}", armed);
      }
      armed = 0;
    }
    return arming != null;
  }

  /** Returns whether it is paused. */
  private boolean fire() {
    long fired = 0;
    DueSteps.Place place = DueSteps.Place.FIRST;
    boolean isPaused = false;
    try {
      while (place != null && !Thread.currentThread().isInterrupted()) {
        storm.look();
        DueSteps.Fired batch = steps.fire(place, BATCH);
        fired += batch.fired();
        isPaused = batch.paused();
        place = isPaused ? null : batch.next();
      }
    } finally {
      // After a failure, too: what the batches before it fired is committed.
      if (fired > 0) {
        log.info("Announced deadlines count={}", fired);
        listener.fired(fired);
      }
    }
    return isPaused;
  }

  private void notice(boolean isPaused) {
    Pause before = paused;
    // Where it rests with the expiration, that one says so.
    paused = isPaused ? pauses.find(Part.LADDER).orElse(null) : null;
    if (before == null && paused != null) {
      log.warn(
          "Reminders and escalations are paused reason=\"{}\" by={} action=\"check the deadlines;"
              + " then: lapse resume ladder\"",
          paused.reason(),
          paused.by());
    } else if (before != null && paused == null) {
      log.info("Reminders and escalations resumed");
    }
  }

  /** Why nothing is announced, if it is paused; callable from any thread. */
  Optional<Pause> paused() {
    return Optional.ofNullable(paused);
  }

  private Duration untilNext() {
    Duration next = steps.untilNext().orElse(LONGEST_PAUSE);
    if (next.compareTo(LONGEST_PAUSE) > 0) {
      return LONGEST_PAUSE;
    }
    return next.isNegative()
        ? HELD_PAUSE
        : next.compareTo(SHORTEST_PAUSE) < 0 ? SHORTEST_PAUSE : next;
  }
}
