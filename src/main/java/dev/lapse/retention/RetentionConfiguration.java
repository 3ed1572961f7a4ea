package dev.lapse.retention;

import dev.lapse.outbox.Checkpoints;
import java.util.List;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.simple.JdbcClient;

@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(RetentionSettings.class)
@ConditionalOnBooleanProperty(name = "lapse.retention.enabled", matchIfMissing = true)
class RetentionConfiguration {

  @Bean
  Retention retention(
      JdbcClient jdbc, RetentionSettings settings, List<RetentionListener> listeners) {
    RetentionListener all = records -> listeners.forEach(listener -> listener.purged(records));
    return new Retention(
        new RetentionStep(new Purge(jdbc), new Checkpoints(jdbc), settings, all, System::nanoTime),
        settings.period());
  }
}
