package dev.lapse.approvals;

import dev.lapse.problem.Problem;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.flyway.autoconfigure.FlywayConfigurationCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.simple.JdbcClient;

@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(ApprovalsSettings.class)
class ApprovalsConfiguration {

  private static final Logger log = LoggerFactory.getLogger(ApprovalsConfiguration.class);

  /** A table that cannot serve is told of before anything is migrated. */
  @Bean
  FlywayConfigurationCustomizer migrateTheApplicationsTable(ApprovalsSettings settings) {
    return flyway ->
        flyway.placeholders(
            new ApprovalsCheck(JdbcClient.create(flyway.getDataSource()), settings)
                .tableToMigrate()
                .placeholders());
  }

  @Bean
  ApprovalsCheck approvalsCheck(JdbcClient jdbc, ApprovalsSettings settings) {
    return new ApprovalsCheck(jdbc, settings);
  }

  /**
   * Migrated or not, the table must be there before the loops start.
   *
   * @param expiring whether this instance writes to it, or only looks
   */
  @Bean
  ApprovalsTable approvalsTable(
      ApprovalsCheck check,
      @Value("${lapse.check.expiring:${lapse.expiration.enabled:true}}") boolean expiring) {
    ApprovalsTable table = check.table(expiring);
    if (expiring && check.isMigrated()) {
      check
          .guardProblems()
          .forEach(problem -> tell(problem, Level.WARN, "The guard is not as it should be"));
      // As a rule, it only sets a time of change.
      check
          .triggerProblems()
          .forEach(problem -> tell(problem, Level.INFO, "A trigger of your own takes part"));
    }
    return table;
  }

  private static void tell(Problem problem, Level level, String message) {
    log.atLevel(level)
        .log(
            message + " what=\"{}\" why=\"{}\" action=\"{}\"",
            problem.what(),
            problem.why(),
            problem.action().replace('\n', ' '));
  }
}
