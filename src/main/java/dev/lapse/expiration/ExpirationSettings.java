package dev.lapse.expiration;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.scheduling.support.CronExpression;

/**
 * Settings of expiry.
 *
 * @param enabled whether this instance expires approvals; default true
 * @param batchSize most approvals that one statement expires, 1 to 10,000; default 1,000. Larger
 *     batches hold row locks longer, and approvers of overdue approvals wait for these
 * @param maxPause longest pause between two expiry runs, 10 ms to 1 h; default 1 s. An approval
 *     that is inserted already overdue, or unlocked late, waits at most this long. Known deadlines
 *     are met with any value
 * @param cron cron expression of six fields, such as {@code 0 * * * * *}, in the time zone of the
 *     JVM. Lapse then expires at these times instead of at each deadline; default none
 * @param stormGuard mass-expiry protection
 * @param trial whether Lapse tries to expire one pending approval in a transaction that it rolls
 *     back: at startup, in doctor, in a dry run and every few minutes; default true. Switch it off
 *     if a trigger of your table acts outside of the database
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
   * Mass-expiry protection. It pauses expiry until an operator confirms it, if both limits are
   * exceeded.
   *
   * @param enabled whether the mass-expiry protection is on; default true
   * @param maxDue limit of approvals that are overdue at one moment, 1 to 1,000,000,000; default
   *     10,000
   * @param maxShare limit of the share of pending approvals that are overdue at one moment, above 0
   *     to 1; default 0.5
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
