package dev.lapse.approvals;

import org.flywaydb.core.api.callback.Callback;
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
  Callback restoration(ApprovalsSettings settings) {
    return new Restoration(settings);
  }

  @Bean
  ApprovalsCheck approvalsCheck(
      JdbcClient jdbc, ApprovalsSettings settings, SessionSettings session) {
    return new ApprovalsCheck(jdbc, settings, session);
  }

  @Bean
  SessionSettings sessionSettings(ConfigurableEnvironment environment) {
    return SessionSettings.of(environment);
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
    return check.table(expiring);
  }
}
