package dev.lapse.console;

import dev.lapse.approvals.ApprovalsTable;
import dev.lapse.expiration.Expiration;
import dev.lapse.expiration.Sweep;
import dev.lapse.expiration.Trial;
import dev.lapse.relay.RelaySettings;
import dev.lapse.status.StatusReader;
import javax.sql.DataSource;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.web.context.WebApplicationContext;

/** The life of an approval, for the command and the page. */
@Configuration(proxyBeanMethods = false)
class ConsoleConfiguration {

  /** A command does not know what a service elsewhere is set to. */
  @Bean
  Life life(
      ApplicationContext context,
      DataSource dataSource,
      ApprovalsTable table,
      StatusReader status,
      RelaySettings relay,
      Sweep sweep,
      Trial trial,
      ObjectProvider<Expiration> expiration) {
    boolean isService = context instanceof WebApplicationContext;
    return new Life(
        dataSource,
        table,
        status,
        relay.name(),
        sweep::refused,
        !isService || expiration.getIfAvailable() != null,
        trial);
  }
}
