package dev.lapse.expiration;

import dev.lapse.loop.Loop;
import java.util.List;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.simple.JdbcClient;

@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(ExpirationSettings.class)
class ExpirationConfiguration {

  @Bean
  DueApprovals dueApprovals(JdbcClient jdbc) {
    return new DueApprovals(jdbc);
  }

  @Bean
  Sweep sweep(DueApprovals dueApprovals, ExpirationSettings settings) {
    return new Sweep(dueApprovals, settings.batchSize());
  }

  @Bean
  @ConditionalOnBooleanProperty(name = "lapse.expiration.enabled", matchIfMissing = true)
  Loop expirationLoop(
      Sweep sweep,
      DueApprovals dueApprovals,
      ExpirationSettings settings,
      List<ExpirationListener> listeners) {
    ExpirationListener all = swept -> listeners.forEach(listener -> listener.expired(swept));
    return new Loop("expiration", new ExpirationStep(sweep, dueApprovals, settings, all));
  }
}
