package dev.lapse.operations.startup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import dev.lapse.support.OtherDriver;
import dev.lapse.support.Outbox;
import dev.lapse.support.Roles;
import dev.lapse.support.TestDatabase;
import java.sql.Connection;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.jdbc.autoconfigure.DataSourceAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Import;
import org.springframework.jdbc.core.JdbcTemplate;

/** No statement outlives the client that has given it up, however long what it waits for lasts. */
class SessionLimitsIT {

  private static final String SESSIONS =
      "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
          + " AND usename = 'lapse_service'";

  private final TestDatabase database = TestDatabase.migrated();
  private final List<ConfigurableApplicationContext> instances = new ArrayList<>();

  @AfterEach
  void stop() {
    instances.forEach(ConfigurableApplicationContext::close);
    database.close();
  }

  @Import({DataSourceAutoConfiguration.class, PoolConfiguration.class})
  static class Instance {}

  private HikariDataSource instance(String... settings) {
    List<String> all =
        new ArrayList<>(
            List.of(
                "--spring.datasource.url=" + database.url(),
                "--spring.datasource.username=" + Roles.SERVICE,
                "--spring.datasource.password=" + Roles.PASSWORD,
                "--spring.datasource.hikari.data-source-properties.socketTimeout=2",
                "--spring.datasource.hikari.maximum-pool-size=1",
                "--logging.level.root=error"));
    // Said twice, a setting would have two values in one.
    all.removeIf(one -> Arrays.stream(settings).anyMatch(other -> key(other).equals(key(one))));
    all.addAll(List.of(settings));
    ConfigurableApplicationContext context =
        new SpringApplicationBuilder(Instance.class)
            .web(WebApplicationType.NONE)
            .run(all.toArray(String[]::new));
    instances.add(context);
    return context.getBean(HikariDataSource.class);
  }

  private static String key(String setting) {
    return setting.replaceFirst("(?s)=.*", "");
  }

  @Test
  void threeInstancesLeaveNoSessionsBehindATableThatStaysLocked() throws Exception {
    database.applyRoles();
    setForTheRole("statement_timeout", "0"); // only what the sessions themselves set
    setForTheRole("lock_timeout", "0");
    new Outbox(database).append(1, "a");
    List<HikariDataSource> pools = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      pools.add(
          instance("--lapse.database.statement-timeout=1s", "--lapse.database.lock-timeout=500ms"));
    }
    try (Connection other = database.connect();
        Statement statement = other.createStatement()) {
      other.setAutoCommit(false);
      statement.execute("LOCK TABLE outbox");
      for (int timeout = 0; timeout < 3; timeout++) {
        for (HikariDataSource pool : pools) {
          assertThatThrownBy(() -> new JdbcTemplate(pool).execute("SELECT id FROM outbox"))
              .rootCause()
              .hasMessageContaining("lock timeout");
          assertThatThrownBy(() -> new JdbcTemplate(pool).execute("SELECT pg_sleep(60)"))
              .rootCause()
              .hasMessageContaining("statement timeout");
        }
        assertThat(database.count(SESSIONS)).isLessThanOrEqualTo(3);
      }
      other.rollback();
      other.setAutoCommit(true);
    }
    pools.forEach(pool -> new JdbcTemplate(pool).execute("SELECT id FROM outbox"));
  }

  @Test
  void limitsEachSessionAndKeepsAShorterLimitOfTheRoles() {
    setForTheRole("statement_timeout", "0");
    setForTheRole("lock_timeout", "3s");
    JdbcTemplate session = new JdbcTemplate(instance());

    assertThat(session.queryForObject("SHOW statement_timeout", String.class)).isEqualTo("45s");
    assertThat(session.queryForObject("SHOW lock_timeout", String.class)).isEqualTo("3s");
    assertThat(session.queryForObject("SHOW client_connection_check_interval", String.class))
        .isEqualTo("10s");

    setForTheRole("statement_timeout", "45s");
    JdbcTemplate unlimited = new JdbcTemplate(instance("--lapse.database.statement-timeout=0"));
    assertThat(unlimited.queryForObject("SHOW statement_timeout", String.class)).isEqualTo("0");
  }

  @Test
  void limitsTheSessionsOfAnotherDriver() {
    setForTheRole("statement_timeout", "0");
    JdbcTemplate session =
        new JdbcTemplate(
            instance(
                "--spring.datasource.url=" + OtherDriver.url(database),
                "--spring.datasource.driver-class-name=" + OtherDriver.class.getName()));

    assertThat(session.queryForObject("SHOW statement_timeout", String.class)).isEqualTo("45s");
  }

  private void setForTheRole(String setting, String value) {
    String name = database.jdbc().sql("SELECT current_database()").query(String.class).single();
    database.execute(
        "ALTER ROLE lapse_service IN DATABASE %s SET %s = '%s'".formatted(name, setting, value));
  }
}
