package dev.lapse.operations;

import org.flywaydb.core.api.callback.Callback;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** How Flyway is told what it cannot be told by settings. */
@Configuration(proxyBeanMethods = false)
class MigrationConfiguration {

  @Bean
  @ConditionalOnProperty("spring.flyway.default-schema")
  Callback migrateOnTheConnectionsSearchPath() {
    return new OwnSearchPath();
  }
}
