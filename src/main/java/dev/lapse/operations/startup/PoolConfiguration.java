package dev.lapse.operations.startup;

import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.util.Credentials;
import com.zaxxer.hikari.util.DriverDataSource;
import dev.lapse.kafka.KafkaSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.config.BeanFactoryPostProcessor;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.boot.context.properties.ConfigurationPropertiesBindHandlerAdvisor;
import org.springframework.boot.context.properties.bind.AbstractBindHandler;
import org.springframework.boot.context.properties.bind.BindContext;
import org.springframework.boot.context.properties.bind.BindHandler;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;

/** How the pool, and the clients of Kafka, learn what environment variables and files say. */
@Configuration(proxyBeanMethods = false)
class PoolConfiguration {

  /** Not in the parameters, where a password may have any character. */
  private static final Pattern CREDENTIALS = Pattern.compile("^[^?]*://[^?]*@");

  private static final ConfigurationPropertyName CONNECTION =
      ConfigurationPropertyName.of("spring.datasource.hikari.connection");

  /**
   * SPRING_DATASOURCE_HIKARI_CONNECTION_TIMEOUT could be the timeout of the pool's connection, too.
   * To look at that, Spring takes one from the pool, which then is started, and sealed, before it
   * is configured.
   */
  @Bean
  static ConfigurationPropertiesBindHandlerAdvisor configureNoConnection() {
    return NoConnection::new;
  }

  /**
   * Before the pool opens any. Statements are cancelled before the driver's socket time-out (60 s)
   * ends their connection: then nobody would.
   */
  @Bean
  static BeanPostProcessor limitSessions(Environment environment) {
    return new BeanPostProcessor() {
      @Override
      public Object postProcessBeforeInitialization(Object bean, String name) {
        if (bean instanceof HikariDataSource pool
            && pool.getDataSource() == null
            && pool.getJdbcUrl() != null) {
          pool.setDataSource(
              new SessionLimits(
                  new DriverDataSource(
                      pool.getJdbcUrl(),
                      pool.getDriverClassName(),
                      pool.getDataSourceProperties(),
                      pool.getUsername(),
                      pool.getPassword()),
                  limit(environment, "statement-timeout", Duration.ofSeconds(45)),
                  limit(environment, "lock-timeout", Duration.ofSeconds(10))));
          readCredentialsAgain(pool, environment);
        }
        return bean;
      }
    };
  }

  /** For each connection that it opens, where they come from files: passwords change. */
  private static void readCredentialsAgain(HikariDataSource pool, Environment environment) {
    Optional<Path> username = SecretFiles.file(environment, "spring.datasource.username");
    Optional<Path> password = SecretFiles.file(environment, "spring.datasource.password");
    if (username.isPresent() || password.isPresent()) {
      String name = pool.getUsername();
      String secret = pool.getPassword();
      pool.setCredentialsProvider(
          () ->
              Credentials.of(
                  username.map(SecretFiles::read).orElse(name),
                  password.map(SecretFiles::read).orElse(secret)));
    }
  }

  /** The same for Kafka's clients: each new one is made of what the files say then. */
  @Bean
  static BeanPostProcessor readKafkaSecretsAgain(Environment environment) {
    return new BeanPostProcessor() {
      @Override
      public Object postProcessAfterInitialization(Object bean, String name) {
        return bean instanceof KafkaSettings kafka
            ? kafka.with(
                SecretFiles.properties(environment, "lapse.kafka.properties", kafka.properties()))
            : bean;
      }
    };
  }

  /**
   * Before the pool exists: the driver takes what stands before an @ for a part of the host's name,
   * and pool and driver print it in each of their messages.
   */
  @Bean
  static BeanFactoryPostProcessor refuseCredentialsInUrl(Environment environment) {
    return beans -> {
      String url = environment.getProperty("spring.datasource.url", "");
      if (CREDENTIALS.matcher(url).find()) {
        throw new CredentialsInUrlException();
      }
    };
  }

  private static Duration limit(Environment environment, String name, Duration standard) {
    String property = "lapse.database." + name;
    Duration limit =
        Binder.get(environment).bind(property, Bindable.of(Duration.class)).orElse(standard);
    if (limit.isNegative() || limit.compareTo(Duration.ofDays(1)) > 0) {
      throw new IllegalArgumentException(
          "%s is %s: set it between 1ms and 1d, or 0 for none (default %s)"
              .formatted(property, limit, standard));
    }
    return limit;
  }

  private static final class NoConnection extends AbstractBindHandler {

    NoConnection(BindHandler parent) {
      super(parent);
    }

    @Override
    public <T> @Nullable Bindable<T> onStart(
        ConfigurationPropertyName name, Bindable<T> target, BindContext context) {
      return name.equals(CONNECTION) ? null : super.onStart(name, target, context);
    }
  }
}
