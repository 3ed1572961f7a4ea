package dev.lapse.expiration;

import dev.lapse.loop.Step;
import java.time.Duration;
import java.time.LocalDateTime;
import java.time.ZoneId;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.scheduling.support.CronExpression;

/**
 * One cycle of the expiration: a sweep, and how long to sleep after it. Not by the minute but on
 * time: until the earliest deadline still pending, or the longest pause if that comes first.
 */
final class ExpirationStep implements Step {

  private static final Logger log = LoggerFactory.getLogger(ExpirationStep.class);

  /** So that many deadlines close together become one sweep, and none is ever an idle spin. */
  private static final Duration SHORTEST_PAUSE = Duration.ofMillis(1);

  private final Sweep sweep;
  private final DueApprovals dueApprovals;
  private final Duration maxPause;
  private final @Nullable CronExpression cron;
  private final ExpirationListener listener;

  private DueApprovals.Key swept = DueApprovals.Key.FIRST;
  private long fullSweepAt = System.nanoTime();

  ExpirationStep(
      Sweep sweep,
      DueApprovals dueApprovals,
      ExpirationSettings settings,
      ExpirationListener listener) {
    this.sweep = sweep;
    this.dueApprovals = dueApprovals;
    this.maxPause = settings.maxPause();
    this.cron = settings.cron() == null ? null : CronExpression.parse(settings.cron());
    this.listener = listener;
  }

  @Override
  public Duration runOnce() {
    long begin = System.nanoTime();
    Swept result = sweep.run(from(begin), ExpirationStep::notInterrupted);
    swept = result.last();
    if (result.expired() > 0) {
      log.info(
          "Expired approvals count={} lateness={}ms took={}ms",
          result.expired(),
          result.lateness().toMillis(),
          Duration.ofNanos(System.nanoTime() - begin).toMillis());
      listener.expired(result);
    }
    return cron == null ? untilNextDue() : untilNextCron(cron);
  }

  /**
   * Most sweeps go on where the last one ended, past what it left dead in the index; every longest
   * pause one begins at the beginning, for approvals that an approver held or that came in overdue.
   */
  private DueApprovals.Key from(long now) {
    if (cron == null && now - fullSweepAt < 0) {
      return swept;
    }
    fullSweepAt = now + maxPause.toNanos();
    return DueApprovals.Key.FIRST;
  }

  private Duration untilNextDue() {
    Duration untilFullSweep = Duration.ofNanos(fullSweepAt - System.nanoTime());
    Duration pause =
        dueApprovals
            .untilNext()
            .filter(untilNext -> untilNext.compareTo(untilFullSweep) < 0)
            .orElse(untilFullSweep);
    return pause.compareTo(SHORTEST_PAUSE) < 0 ? SHORTEST_PAUSE : pause;
  }

  private static Duration untilNextCron(CronExpression cron) {
    LocalDateTime now = LocalDateTime.now(ZoneId.systemDefault());
    LocalDateTime next = cron.next(now);
    return next == null ? Duration.ofDays(1) : Duration.between(now, next);
  }

  private static boolean notInterrupted() {
    return !Thread.currentThread().isInterrupted();
  }
}
