package dev.lapse.loop;

import dev.lapse.problem.Reasons;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs a {@link Step} on a thread of its own until stopped. A cycle that throws an exception is
 * logged once per cause, followed by a pause that doubles from failure to failure, and tried again
 * for ever; an {@link Error} ends the loop.
 *
 * <p>{@link #wake()}, {@link #status()} and {@link #lastFailure()} may be called from any thread.
 */
public final class Loop {

  private static final Logger log = LoggerFactory.getLogger(Loop.class);

  private static final Duration FIRST_PAUSE = Duration.ofMillis(100);

  /** Short enough that an outage's end is noticed before anyone has to look. */
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);

  /** A cycle in hand may finish within this; then it is interrupted. */
  private static final Duration STOP_PATIENCE = Duration.ofSeconds(2);

  private final String name;
  private final Step step;
  private final Semaphore wakeUps = new Semaphore(0);
  private volatile LoopStatus status = new LoopStatus.Stopped();
  private volatile boolean running;
  private volatile @Nullable Thread thread;
  private volatile @Nullable Failure lastFailure;

  public Loop(String name, Step step) {
    this.name = name;
    this.step = step;
  }

  /** Ends the pause between two cycles, now or, if a cycle is under way, when it ends. */
  public void wake() {
    if (wakeUps.availablePermits() == 0) {
      wakeUps.release();
    }
  }

  public String name() {
    return name;
  }

  public LoopStatus status() {
    return status;
  }

  /** What went wrong last, though it may be well again since; empty if nothing ever did. */
  public Optional<Failure> lastFailure() {
    return Optional.ofNullable(lastFailure);
  }

  public void start() {
    running = true;
    Thread starting = new Thread(this::run, "lapse-" + name);
    thread = starting;
    starting.start();
  }

  public boolean isRunning() {
    return running;
  }

  /** Lets the cycle in hand be the last; returns at once. */
  public void askToStop() {
    running = false;
    wake();
  }

  /** Returns when the thread has ended, at the most a few seconds later. */
  public void stop() {
    askToStop();
    Thread stopping = thread;
    if (stopping == null) {
      return;
    }
    try {
      stopping.join(STOP_PATIENCE.toMillis());
      if (stopping.isAlive()) {
        log.warn("Interrupting an iteration that takes too long to finish worker={}", name);
        stopping.interrupt();
        stopping.join(STOP_PATIENCE.toMillis());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    status = new LoopStatus.Running();
    try {
      while (running) {
        pause(cycle());
      }
      status = new LoopStatus.Stopped();
    } catch (InterruptedException e) {
      status = new LoopStatus.Stopped();
    } catch (Error e) {
      String reason = e.getClass().getName() + ": " + Reasons.of(e);
      note(Instant.now(), reason);
      status = new LoopStatus.Broken(reason);
      log.error("Worker ended unexpectedly worker={} action=\"restart the process\"", name, e);
    } finally {
      close();
    }
  }

  private void close() {
    Thread.interrupted(); // has done its work; left set, it would cut short what closing does
    try {
      step.close();
    } catch (RuntimeException e) {
      log.warn("Could not close all resources worker={} reason={}", name, Reasons.of(e));
    }
    log.info("Stopped worker={}", name);
  }

  private Duration cycle() throws InterruptedException {
    try {
      Duration pause = step.runOnce();
      if (status instanceof LoopStatus.BackingOff backingOff) {
        log.info("Recovered worker={} failures={}", name, backingOff.attempts());
        status = new LoopStatus.Running();
      }
      return pause;
    } catch (InterruptedException e) {
      throw e;
    } catch (Exception e) {
      return backOff(e);
    }
  }

  private Duration backOff(Exception failure) {
    if (!running) {
      return Duration.ZERO; // stopping: an interrupted cycle is no failure
    }
    String reason = Reasons.of(failure);
    LoopStatus.BackingOff before = status instanceof LoopStatus.BackingOff b ? b : null;
    int attempts = before == null ? 1 : before.attempts() + 1;
    Duration pause = FIRST_PAUSE.multipliedBy(1L << Math.min(attempts - 1, 6));
    if (pause.compareTo(LONGEST_PAUSE) > 0) {
      pause = LONGEST_PAUSE;
    }
    if (before == null || !isSame(before.reason(), reason)) {
      log.warn("Worker failed, retrying worker={} pause={} reason={}", name, pause, reason);
    }
    log.debug("Worker failed worker={} attempts={}", name, attempts, failure);
    Instant now = Instant.now();
    note(now, reason);
    status =
        new LoopStatus.BackingOff(
            before == null ? now : before.since(), attempts, reason, now.plus(pause));
    recover(failure);
    return pause;
  }

  /** Apart from its numbers: how long somebody waited, or how many others do. */
  private static boolean isSame(String reason, String other) {
    return reason.replaceAll("\\d+", "#").equals(other.replaceAll("\\d+", "#"));
  }

  private void note(Instant at, String reason) {
    Failure before = lastFailure;
    lastFailure = new Failure(at, reason, before == null ? 1 : before.count() + 1);
  }

  /** What cannot even let go is met by the next cycle again; it must not end the thread. */
  private void recover(Exception failure) {
    try {
      step.recover(failure);
    } catch (RuntimeException e) {
      log.warn("Cleanup after the failure failed as well worker={} reason={}", name, Reasons.of(e));
    }
  }

  private void pause(Duration pause) throws InterruptedException {
    if (pause.isZero() || pause.isNegative()) {
      wakeUps.drainPermits();
      return;
    }
    if (wakeUps.tryAcquire(pause.toNanos(), TimeUnit.NANOSECONDS)) {
      wakeUps.drainPermits();
    }
  }
}
