package dev.lapse.operations;

import dev.lapse.approvals.ApprovalsTable;
import dev.lapse.doctor.Checkup;
import dev.lapse.doctor.Checkups;
import dev.lapse.kafka.KafkaAccess;
import dev.lapse.loop.Looping;
import dev.lapse.operations.health.CheckupHealth;
import dev.lapse.operations.health.WatchHealth;
import dev.lapse.relay.Relay;
import dev.lapse.relay.RelaySettings;
import dev.lapse.status.LastErrors;
import dev.lapse.status.StatusReader;
import dev.lapse.status.Watch;
import dev.lapse.status.WatchSettings;
import dev.lapse.status.WatchStep;
import javax.sql.DataSource;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;

@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(WatchSettings.class)
@ConditionalOnBooleanProperty(name = "lapse.watch.enabled", matchIfMissing = true)
class WatchConfiguration {

  /** Seconds after which a statement of the watch is given up. */
  private static final int PATIENCE = 5;

  @Bean
  Watch watch(
      DataSource dataSource,
      ApprovalsTable table,
      KafkaAccess kafka,
      RelaySettings settings,
      WatchSettings watch,
      ObjectProvider<Relay> relay,
      ObjectProvider<Looping> loops) {
    JdbcTemplate limited = new JdbcTemplate(dataSource);
    limited.setQueryTimeout(PATIENCE);
    JdbcClient jdbc = JdbcClient.create(limited);
    return new Watch(
        new WatchStep(
            new StatusReader(jdbc, table, kafka, settings.name()),
            () -> relay.stream().mapToLong(r -> r.status().publishedId()).findAny().orElse(0),
            new LastErrors(jdbc),
            loops::stream,
            watch));
  }

  @Bean
  @ConditionalOnBooleanProperty(name = "lapse.expiration.enabled", matchIfMissing = true)
  Checkups checkups(Checkup checkup, WatchSettings watch) {
    return new Checkups(checkup, watch.checkInterval());
  }

  @Bean
  @ConditionalOnBean(Checkups.class)
  HealthIndicator checkupHealthIndicator(Checkups checkups) {
    return () -> CheckupHealth.of(checkups);
  }

  @Bean
  HealthIndicator watchHealthIndicator(Watch watch) {
    return () -> WatchHealth.of(watch);
  }
}
