package dev.lapse.platform;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.sql.DataSource;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.beans.factory.config.BeanFactoryPostProcessor;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;

@Configuration(proxyBeanMethods = false)
class PlatformConfiguration {

  private static final String CHECK = "databaseAtStart";

  /** Those that are the first to create something, or to ask for a table. */
  private static final List<String> FIRST =
      List.of("flyway", "flywayInitializer", "approvalsTable");

  @Bean
  DatabaseProbe databaseProbe(DataSource dataSource, Environment environment) {
    String schema = environment.getProperty("lapse.approvals.schema");
    String table = environment.getProperty("lapse.approvals.table", "ai_approvals");
    return new DatabaseProbe(
        dataSource, schema == null || schema.isBlank() ? quoted(table) : quoted(schema, table));
  }

  private static String quoted(String... names) {
    return Arrays.stream(names)
        .map(name -> "\"" + name.replace("\"", "\"\"") + "\"")
        .reduce((schema, table) -> schema + "." + table)
        .orElseThrow();
  }

  @Bean(CHECK)
  @ConditionalOnBooleanProperty(name = "lapse.check.database", matchIfMissing = true)
  DatabaseAtStart databaseAtStart(DatabaseProbe probe, Environment environment) {
    DatabaseAtStart atStart =
        new DatabaseAtStart(
            probe, environment.getProperty("lapse.relay.enabled", Boolean.class, true));
    atStart.check();
    return atStart;
  }

  @Bean
  @ConditionalOnBooleanProperty(name = "lapse.check.database", matchIfMissing = true)
  static BeanFactoryPostProcessor databaseIsCheckedFirst() {
    return beans -> {
      for (String name : FIRST) {
        if (beans.containsBeanDefinition(name)) {
          BeanDefinition first = beans.getBeanDefinition(name);
          List<String> after = new ArrayList<>(List.of(CHECK));
          if (first.getDependsOn() != null) {
            after.addAll(Arrays.asList(first.getDependsOn()));
          }
          first.setDependsOn(after.toArray(String[]::new));
        }
      }
    };
  }
}
