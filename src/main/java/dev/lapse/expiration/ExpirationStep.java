package dev.lapse.expiration;

import dev.lapse.loop.Step;
import dev.lapse.pause.Pause;
import java.time.Duration;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.scheduling.support.CronExpression;

/**
 * One cycle of the expiration: a sweep, and how long to sleep after it. Not by the minute but on
 * time: until the earliest deadline still pending, or the longest pause if that comes first.
 *
 * <p>Most sweeps go on where the last one ended, past what it left dead in the index; every longest
 * pause one begins at the beginning, for approvals that an approver held or that came in overdue.
 */
final class ExpirationStep implements Step {

  private static final Logger log = LoggerFactory.getLogger(ExpirationStep.class);

  /** So that many deadlines close together become one sweep, and none is ever an idle spin. */
  private static final Duration SHORTEST_PAUSE = Duration.ofMillis(1);

  /** How soon somebody's resuming is noticed. */
  private static final Duration PAUSE_INTERVAL = Duration.ofSeconds(1);

  private final Sweep sweep;
  private final DueApprovals dueApprovals;
  private final Duration maxPause;
  private final @Nullable CronExpression cron;
  private final ExpirationListener listener;
  private final SweepTracing tracing;

  private DueApprovals.Key next;
  private long fullSweepAt = System.nanoTime();
  private volatile @Nullable Pause paused;

  ExpirationStep(
      Sweep sweep,
      DueApprovals dueApprovals,
      ExpirationSettings settings,
      ExpirationListener listener,
      SweepTracing tracing) {
    this.sweep = sweep;
    this.dueApprovals = dueApprovals;
    this.next = dueApprovals.first();
    this.maxPause = settings.maxPause();
    this.cron = settings.cron() == null ? null : CronExpression.parse(settings.cron());
    this.listener = listener;
    this.tracing = tracing;
  }

  @Override
  public Duration runOnce() {
    long begin = System.nanoTime();
    boolean full = cron != null || begin - fullSweepAt >= 0;
    Swept swept = Swept.nothing(full ? dueApprovals.first() : next);
    SweepTracing.Trace trace = tracing.begin();
    String traceparent = trace == null ? null : trace.traceparent();
    try {
      while (swept.more() && !Thread.currentThread().isInterrupted()) {
        swept = sweep.goOn(swept, traceparent);
      }
    } finally {
      // After a failure, too: what the batches before it expired is committed.
      report(swept, begin);
      if (trace != null) {
        trace.end(swept);
      }
    }
    notice(swept.paused());
    if (swept.paused()) {
      fullSweepAt = begin;
      return PAUSE_INTERVAL.compareTo(maxPause) < 0 ? PAUSE_INTERVAL : maxPause;
    }
    next = swept.next();
    if (full) {
      fullSweepAt = begin + maxPause.toNanos();
    }
    return cron == null
        ? untilNextDue()
        : untilNext(cron, ZonedDateTime.now(ZoneId.systemDefault()));
  }

  private void report(Swept swept, long begin) {
    if (swept.expired() > 0) {
      Duration took = Duration.ofNanos(System.nanoTime() - begin);
      log.info(
          "Expired approvals count={} lateness={}ms took={}ms",
          swept.expired(),
          swept.lateness().toMillis(),
          took.toMillis());
      listener.expired(swept, took);
    }
    for (Refusal refusal : swept.refused()) {
      log.warn(
          "Cannot expire approval; all others expire id={} action=\"fix the reason; Lapse retries"
              + " automatically\" reason={}",
          refusal.id(),
          refusal.reason());
    }
  }

  /** What is refused; callable from any thread. */
  List<Refusal> refused() {
    return sweep.refused();
  }

  /** Why it expires nothing, if it is paused; callable from any thread. */
  Optional<Pause> paused() {
    return Optional.ofNullable(paused);
  }

  private void notice(boolean isPaused) {
    Pause before = paused;
    paused = isPaused ? sweep.pause().orElse(null) : null;
    if (before == null && paused != null) {
      log.warn(
          "Expiry is paused reason=\"{}\" by={} action=\"check with: lapse expire --dry-run; then:"
              + " lapse resume expiration; or move the deadlines first: lapse extend --overdue\"",
          paused.reason(),
          paused.by());
    } else if (before != null && paused == null) {
      log.info("Expiry resumed");
    }
  }

  private Duration untilNextDue() {
    Duration untilFullSweep = Duration.ofNanos(fullSweepAt - System.nanoTime());
    Duration pause =
        dueApprovals
            .untilNext(next)
            .filter(untilNext -> untilNext.compareTo(untilFullSweep) < 0)
            .orElse(untilFullSweep);
    return pause.compareTo(SHORTEST_PAUSE) < 0 ? SHORTEST_PAUSE : pause;
  }

  /** With the zone, because between two local times an hour may be missing or come twice. */
  static Duration untilNext(CronExpression cron, ZonedDateTime now) {
    ZonedDateTime next = cron.next(now);
    return next == null ? Duration.ofDays(1) : Duration.between(now, next);
  }
}
