package dev.lapse.retention;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings of retention.
 *
 * @param enabled whether this instance purges the outbox; default true
 * @param period how long published rows stay in the outbox, for replays and audits, 1 minute to 10
 *     years; default 7 days
 * @param interval time between two purges, 1 s to 1 day; default 1 minute
 * @param batchSize rows that one statement examines, 10 to 10,000; default 1,000
 */
@ConfigurationProperties("lapse.retention")
record RetentionSettings(
    @DefaultValue("true") boolean enabled,
    @DefaultValue("7d") Duration period,
    @DefaultValue("1m") Duration interval,
    @DefaultValue("1000") int batchSize) {

  RetentionSettings {
    require("period", period, Duration.ofMinutes(1), Duration.ofDays(3653), "1m and 3653d", "7d");
    require("interval", interval, Duration.ofSeconds(1), Duration.ofDays(1), "1s and 1d", "1m");
    if (batchSize < 10 || batchSize > 10_000) {
      throw new IllegalArgumentException(
          "lapse.retention.batch-size is %d: set it between 10 and 10000 (default 1000)"
              .formatted(batchSize));
    }
  }

  private static void require(
      String name, Duration value, Duration least, Duration most, String range, String standard) {
    if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
      throw new IllegalArgumentException(
          "lapse.retention.%s is %s: set it between %s (default %s)"
              .formatted(name, value, range, standard));
    }
  }
}
