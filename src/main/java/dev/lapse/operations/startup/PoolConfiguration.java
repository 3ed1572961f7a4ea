package dev.lapse.operations.startup;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationPropertiesBindHandlerAdvisor;
import org.springframework.boot.context.properties.bind.AbstractBindHandler;
import org.springframework.boot.context.properties.bind.BindContext;
import org.springframework.boot.context.properties.bind.BindHandler;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** How the pool is told what environment variables say. */
@Configuration(proxyBeanMethods = false)
class PoolConfiguration {

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
