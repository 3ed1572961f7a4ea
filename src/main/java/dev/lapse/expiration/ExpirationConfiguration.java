package dev.lapse.expiration;

import dev.lapse.approvals.ApprovalsTable;
import java.util.List;
import javax.sql.DataSource;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.simple.JdbcClient;

@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(ExpirationSettings.class)
class ExpirationConfiguration {

  @Bean
  DueApprovals dueApprovals(JdbcClient jdbc, ApprovalsTable table) {
    return new DueApprovals(jdbc, table);
  }

  @Bean
  Trial trial(DataSource dataSource, ApprovalsTable table, ExpirationSettings settings) {
    return new Trial(dataSource, table, settings.trial());
  }

  @Bean
  Sweep sweep(
      DueApprovals dueApprovals,
      JdbcClient jdbc,
      ApprovalsTable table,
      ExpirationSettings settings) {
    return new Sweep(
        dueApprovals,
        new StormGuard(jdbc, table, settings.stormGuard()),
        new Refusals(System::nanoTime),
        settings.batchSize());
  }

  @Bean
  @ConditionalOnBooleanProperty(name = "lapse.expiration.enabled", matchIfMissing = true)
  Expiration expiration(
      Sweep sweep,
      DueApprovals dueApprovals,
      ExpirationSettings settings,
      List<ExpirationListener> listeners,
      ObjectProvider<SweepTracing> tracing) {
    ExpirationListener all =
        (swept, took) -> listeners.forEach(listener -> listener.expired(swept, took));
    return new Expiration(
        new ExpirationStep(
            sweep, dueApprovals, settings, all, tracing.getIfAvailable(() -> SweepTracing.OFF)));
  }
}
