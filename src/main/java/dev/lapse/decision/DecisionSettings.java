package dev.lapse.decision;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings of decisions.
 *
 * @param enabled whether migrating creates the function {@code decide_approval}, and a trigger that
 *     writes the event of each expiry that no expiry run made; default false
 * @param keepLate how long rows stay in {@code late_decision}, 1 minute to 10 years; default 90
 *     days. At most the newest million rows stay
 */
@ConfigurationProperties("lapse.decisions")
record DecisionSettings(
    @DefaultValue("false") boolean enabled, @DefaultValue("90d") Duration keepLate) {

  DecisionSettings {
    if (keepLate.compareTo(Duration.ofMinutes(1)) < 0
        || keepLate.compareTo(Duration.ofDays(3653)) > 0) {
      throw new IllegalArgumentException(
          "lapse.decisions.keep-late is %s: set it between 1m and 3653d (default 90d)"
              .formatted(keepLate));
    }
  }
}
