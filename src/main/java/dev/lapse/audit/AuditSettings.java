package dev.lapse.audit;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings of the audit.
 *
 * @param overdue how long an approval may be overdue before the audit reports it, 1 s to 7 d;
 *     default 1 min
 * @param statementTimeout time limit of one audit query of {@code /actuator/audit}, 1 s to 1 d;
 *     default 50 s. The command has {@code --timeout} instead
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
