package dev.lapse.approvals;

import dev.lapse.problem.Problem;
import org.flywaydb.core.api.callback.Callback;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.flyway.autoconfigure.FlywayConfigurationCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.ConfigurableEnvironment;
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
  Callback restoration(
      ApprovalsSettings settings, SessionSettings session, ObjectProvider<OptIn> optIns) {
    return new Restoration(settings, session, optIns.stream().toList());
  }

  @Bean
  ApprovalsCheck approvalsCheck(
      JdbcClient jdbc,
      ApprovalsSettings settings,
      SessionSettings session,
      ObjectProvider<OptIn> optIns) {
    return new ApprovalsCheck(jdbc, settings, session, optIns.stream().toList());
  }

  @Bean
  SessionSettings sessionSettings(ConfigurableEnvironment environment) {
    return SessionSettings.of(environment);
  }

  /**
   * Migrated or not, the table must be there before the loops start.
   *
   * @param expiring whether this instance writes to it, or only looks
   * @param watched whether the checkup of the running service says what is wrong; a command has
   *     none
   */
  @Bean
  ApprovalsTable approvalsTable(
      ApprovalsCheck check,
      @Value("${lapse.check.expiring:${lapse.expiration.enabled:true}}") boolean expiring,
      @Value("${lapse.watch.enabled:true}") boolean watched) {
    ApprovalsTable table = check.table(expiring);
    if (expiring && !watched && check.isMigrated()) {
      check.guardProblems().forEach(problem -> report(problem, "guard", Level.WARN));
      check.optInProblems().forEach(problem -> report(problem, "opt-in", Level.WARN));
      // Usually a trigger only sets a time of change.
      check.triggerProblems().forEach(problem -> report(problem, "triggers", Level.INFO));
    }
    return table;
  }

  private static void report(Problem problem, String check, Level level) {
    log.atLevel(level)
        .log(
            (level == Level.WARN
                    ? "A check of the database fails"
                    : "A check of the database has a note")
                + " check={} seen=\"{}\" effect=\"{}\" action=\"{}\"",
            check,
            problem.what(),
            problem.why(),
            problem.action().replace('\n', ' '));
  }
}
