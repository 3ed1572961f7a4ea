package dev.lapse.audit;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings of the audit.
 *
 * @param overdue how long past its deadline an approval may be pending before that is a finding, 1
 *     s to 7 d; default 1 min
 * @param statementTimeout after which a query is given up, 1 s to 1 d; default 50 s, a little less
 *     than the service lets any query of its own take. The command line has {@code --timeout}
 */
@ConfigurationProperties("lapse.audit")
public record AuditSettings(
    @DefaultValue("1m") Duration overdue, @DefaultValue("50s") Duration statementTimeout) {

  public AuditSettings {
    require("overdue", overdue, Duration.ofSeconds(1), Duration.ofDays(7));
    require("statement-timeout", statementTimeout, Duration.ofSeconds(1), Duration.ofDays(1));
  }

  private static void require(String setting, Duration value, Duration least, Duration most) {
    if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
      throw new IllegalArgumentException(
          "lapse.audit.%s is %s: set it between %s and %s".formatted(setting, value, least, most));
    }
  }
}
