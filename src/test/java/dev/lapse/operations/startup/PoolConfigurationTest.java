package dev.lapse.operations.startup;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.jdbc.autoconfigure.DataSourceAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.util.TestPropertyValues;

class PoolConfigurationTest {

  private final ApplicationContextRunner runner =
      new ApplicationContextRunner()
          .withConfiguration(AutoConfigurations.of(DataSourceAutoConfiguration.class))
          .withUserConfiguration(PoolConfiguration.class)
          .withPropertyValues(
              "spring.datasource.url=jdbc:postgresql://127.0.0.1:1/nowhere",
              "spring.datasource.hikari.connection-timeout=10000",
              "spring.datasource.hikari.maximum-pool-size=6");

  /** Nobody answers there, so that whoever connects fails. */
  @Test
  void takesFromAnEnvironmentVariableWhatBeginsLikeAConnection() {
    runner
        .withInitializer(
            context ->
                TestPropertyValues.of(
                        "SPRING_DATASOURCE_HIKARI_CONNECTION_TIMEOUT=1234",
                        "SPRING_DATASOURCE_HIKARI_CONNECTION_INIT_SQL=SELECT 1",
                        "SPRING_DATASOURCE_HIKARI_MAXIMUM_POOL_SIZE=3")
                    .applyTo(context.getEnvironment(), TestPropertyValues.Type.SYSTEM_ENVIRONMENT))
        .run(
            context -> {
              HikariDataSource pool = context.getBean(HikariDataSource.class);
              assertThat(pool.getConnectionTimeout()).isEqualTo(1234);
              assertThat(pool.getConnectionInitSql()).isEqualTo("SELECT 1");
              assertThat(pool.getMaximumPoolSize()).isEqualTo(3);
            });
  }
}
