package dev.lapse.status;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings of the database monitor, which reads the data for metrics, health and warnings.
 *
 * @param enabled whether this instance monitors the database; default true. If not, the gauges that
 *     need the database are absent
 * @param interval time between two readings, 1 s to 10 min; default 10 s
 * @param longTransaction age from which a transaction that holds back vacuum is reported, 1 s to 30
 *     days; default 10 min
 * @param checkInterval time between two checks of everything that was checked at startup, 1 s to 1
 *     d; default 5 min
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
