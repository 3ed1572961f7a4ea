package dev.lapse.expiration;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.scheduling.support.CronExpression;

/**
 * Settings of the expiration.
 *
 * @param enabled whether this instance expires approvals; default true
 * @param batchSize approvals that one statement expires at the most, 1 to 10,000; default 1,000.
 *     Larger batches hold their row locks longer, which approvers of overdue approvals wait for
 * @param maxPause the longest pause between two sweeps, 10 ms to 1 h; default 1 s. Deadlines known
 *     in time are met whatever it is; it bounds how late an approval is noticed that was inserted
 *     or changed meanwhile, or that an approver held when it fell due
 * @param cron a cron expression of six fields, such as {@code 0 * * * * *}, to sweep by instead of
 *     on time, in the time zone of the JVM; default none
 * @param stormGuard when to stop and ask a person
 * @param trial whether a pending approval is expired at start, by doctor, by a dry run and every
 *     few minutes in a transaction that is rolled back, to see whether the database lets it;
 *     default true. Switch it off if a trigger of the table acts outside of the database
 */
@ConfigurationProperties("lapse.expiration")
public record ExpirationSettings(
    @DefaultValue("true") boolean enabled,
    @DefaultValue("1000") int batchSize,
    @DefaultValue("1s") Duration maxPause,
    @Nullable String cron,
    @DefaultValue StormGuard stormGuard,
    @DefaultValue("true") boolean trial) {

  /**
   * When so much would expire at once that it is more likely a mistake. Both bounds must be
   * exceeded; then expiring is paused until somebody confirms it.
   *
   * @param enabled default true
   * @param maxDue approvals due at once that are no storm, whatever their share, 1 to
   *     1,000,000,000; default 10,000
   * @param maxShare of all pending approvals that may be due at once, above 0 to 1; default 0.5
   */
  public record StormGuard(
      @DefaultValue("true") boolean enabled,
      @DefaultValue("10000") long maxDue,
      @DefaultValue("0.5") double maxShare) {

    public StormGuard {
      if (maxDue < 1 || maxDue > 1_000_000_000) {
        throw new IllegalArgumentException(
            "lapse.expiration.storm-guard.max-due is %d: set it between 1 and 1000000000 (default 10000), or lapse.expiration.storm-guard.enabled=false"
                .formatted(maxDue));
      }
      if (!(maxShare > 0 && maxShare <= 1)) {
        throw new IllegalArgumentException(
            "lapse.expiration.storm-guard.max-share is %s: set it above 0 and at most 1 (default 0.5)"
                .formatted(maxShare));
      }
    }
  }

  public ExpirationSettings {
    if (batchSize < 1 || batchSize > 10_000) {
      throw new IllegalArgumentException(
          "lapse.expiration.batch-size is %d: set it between 1 and 10000 (default 1000)"
              .formatted(batchSize));
    }
    if (maxPause.compareTo(Duration.ofMillis(10)) < 0
        || maxPause.compareTo(Duration.ofHours(1)) > 0) {
      throw new IllegalArgumentException(
          "lapse.expiration.max-pause is %s: set it between 10ms and 1h (default 1s)"
              .formatted(maxPause));
    }
    if (cron != null && !CronExpression.isValidExpression(cron)) {
      throw new IllegalArgumentException(
          ("lapse.expiration.cron is \"%s\": set six fields (second minute hour day month weekday),"
                  + " such as \"0 * * * * *\" for every minute, or leave it out to expire on time")
              .formatted(cron));
    }
  }
}
