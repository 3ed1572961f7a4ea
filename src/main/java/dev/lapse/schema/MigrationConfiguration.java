package dev.lapse.schema;

import com.zaxxer.hikari.HikariDataSource;
import java.time.Duration;
import java.util.Properties;
import org.flywaydb.core.api.callback.Callback;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.flyway.autoconfigure.FlywayConfigurationCustomizer;
import org.springframework.boot.flyway.autoconfigure.FlywayMigrationStrategy;
import org.springframework.boot.jdbc.DataSourceBuilder;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.datasource.SimpleDriverDataSource;

/** How Flyway is told what it cannot be told by settings. */
@Configuration(proxyBeanMethods = false)
class MigrationConfiguration {

  /**
   * The pool's connections end with an error what takes longer than a minute, and a role may end it
   * sooner; but to build an index takes as long as the longest transaction that is open.
   */
  @Bean
  FlywayConfigurationCustomizer migrateWithoutTimeLimit() {
    return flyway -> {
      if (flyway.getDataSource() instanceof HikariDataSource pool) {
        SimpleDriverDataSource unlimited =
            DataSourceBuilder.derivedFrom(pool).type(SimpleDriverDataSource.class).build();
        Properties properties = new Properties();
        properties.putAll(pool.getDataSourceProperties());
        properties.remove("socketTimeout");
        properties.replaceAll((name, value) -> String.valueOf(value));
        unlimited.setConnectionProperties(properties);
        flyway.dataSource(unlimited);
      }
      if (flyway.getInitSql() == null) {
        flyway.initSql("SET statement_timeout = 0; SET lock_timeout = 0");
      }
    };
  }

  /** For six minutes: whoever restarts it begins anew, and a roll-out waits no longer than that. */
  @Bean
  FlywayMigrationStrategy patientMigration() {
    return new PatientMigration(20, Duration.ofSeconds(15));
  }

  @Bean
  Callback shortLocks() {
    return new ShortLocks();
  }

  @Bean
  Callback takenNames() {
    return new TakenNames();
  }

  @Bean
  Callback dueIndex() {
    return new DueIndexMigration();
  }

  @Bean
  @ConditionalOnProperty("spring.flyway.default-schema")
  Callback migrateOnTheConnectionsSearchPath() {
    return new OwnSearchPath();
  }
}
