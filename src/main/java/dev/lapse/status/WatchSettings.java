package dev.lapse.status;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings of the watch, which reads what metrics, health and the log tell of the database.
 *
 * @param enabled default true; without it the gauges that need the database are absent
 * @param interval between two looks, 1 s to 10 min; default 10 s
 * @param longTransaction from which age on a transaction that keeps the database from cleaning up
 *     is told of, 1 s to 30 days; default 10 min
 * @param checkInterval between two checks of everything that the start has checked, 1 s to 1 d;
 *     default 5 min
 */
@ConfigurationProperties("lapse.watch")
public record WatchSettings(
    @DefaultValue("true") boolean enabled,
    @DefaultValue("10s") Duration interval,
    @DefaultValue("10m") Duration longTransaction,
    @DefaultValue("5m") Duration checkInterval) {

  public WatchSettings {
    if (interval.compareTo(Duration.ofSeconds(1)) < 0
        || interval.compareTo(Duration.ofMinutes(10)) > 0) {
      throw new IllegalArgumentException(
          "lapse.watch.interval is %s: set it between 1s and 10m (default 10s)"
              .formatted(interval));
    }
    if (checkInterval.compareTo(Duration.ofSeconds(1)) < 0
        || checkInterval.compareTo(Duration.ofDays(1)) > 0) {
      throw new IllegalArgumentException(
          "lapse.watch.check-interval is %s: set it between 1s and 1d (default 5m)"
              .formatted(checkInterval));
    }
    if (longTransaction.compareTo(Duration.ofSeconds(1)) < 0
        || longTransaction.compareTo(Duration.ofDays(30)) > 0) {
      throw new IllegalArgumentException(
          "lapse.watch.long-transaction is %s: set it between 1s and 30d (default 10m)"
              .formatted(longTransaction));
    }
  }
}
