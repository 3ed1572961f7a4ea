package dev.lapse.operations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lapse.support.Approvals;
import dev.lapse.support.LapseProcess;
import dev.lapse.support.Roles;
import dev.lapse.support.Servers;
import dev.lapse.support.TestDatabase;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Secrets come from files, and go nowhere: no log, not even where everything is at DEBUG, no
 * endpoint and no error holds one, nor does a payload stand in any of them.
 */
class SecretsIT {

  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private static final String JAAS_SECRET = "s3cret-of-jaas";
  private static final String KEY_SECRET = "s3cret-of-key";
  private static final String MANAGEMENT_SECRET = "s3cret-of-management";
  private static final String URL_SECRET = "s3cret-of-url";
  private static final String PAYLOAD = "s3cret-of-payload";

  private static final List<String> ENDPOINTS =
      List.of(
          "health",
          "info",
          "prometheus",
          "status",
          "audit",
          "replay",
          "env",
          "configprops",
          "beans",
          "conditions",
          "mappings",
          "loggers",
          "metrics",
          "flyway",
          "threaddump");

  @TempDir private Path secrets;

  private final TestDatabase database = TestDatabase.migrated();
  private final String name = "secrets-" + UUID.randomUUID();

  @AfterEach
  void closeDatabase() {
    database.close();
  }

  @Test
  void readsThemFromFilesAndKeepsThem() throws Exception {
    write("spring.datasource.username", Roles.SERVICE);
    write("spring.datasource.password", Roles.PASSWORD);
    write("lapse.management.password", MANAGEMENT_SECRET);
    // Of no use on a broker without logins, but kept in the clients' settings like any other.
    write(
        "lapse.kafka.properties.sasl.jaas.config",
        "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"a\" password=\"%s\";"
            .formatted(JAAS_SECRET));
    write("lapse.kafka.properties.ssl.key.password", KEY_SECRET);
    database.execute(
        "INSERT INTO outbox (type, key, payload) VALUES ('Nobody', 'k', '{\"a\": \"%s\"}')"
            .formatted(PAYLOAD));
    new Approvals(database).due(3);

    try (LapseProcess service = start()) {
      await()
          .atMost(PATIENCE)
          .until(
              () -> {
                try {
                  return service.get("/actuator/health").body().contains("\"publishedId\":4");
                } catch (UncheckedIOException e) {
                  assertThat(service.isAlive()).as(service::output).isTrue();
                  return false;
                }
              });
      for (String endpoint : ENDPOINTS) {
        assertKept(endpoint, service.get("/actuator/" + endpoint).body());
      }
      assertThat(
              service
                  .post("/actuator/replay", "{}", "Authorization", "Basic d3Jvbmc6d3Jvbmc=")
                  .statusCode())
          .isEqualTo(401);
      service.terminate();
      assertThat(service.exitCode()).isEqualTo(143);
      assertThat(service.output()).contains("DEBUG");
      assertKept("log", service.output());
    }
  }

  @Test
  void errorsDoNotTellThem() throws Exception {
    // An embedded server trusts whoever has a role, whatever his password.
    write("spring.datasource.username", "nobody_of_that_name");
    write("spring.datasource.password", Roles.PASSWORD);
    assertFails("login", "rejected the login", Map.of());

    write("spring.datasource.username", Roles.SERVICE);
    assertFails(
        "no server",
        "does not answer",
        Map.of("SPRING_DATASOURCE_URL", "jdbc:postgresql://127.0.0.1:1/x?password=" + URL_SECRET));
    assertFails(
        "no url",
        "SPRING_DATASOURCE_URL is not a PostgreSQL JDBC URL.",
        Map.of("SPRING_DATASOURCE_URL", "postgresql://user:" + URL_SECRET + "@127.0.0.1/x"));
    assertFails(
        "credentials in url",
        "SPRING_DATASOURCE_URL is not a PostgreSQL JDBC URL.",
        Map.of("SPRING_DATASOURCE_URL", "jdbc:postgresql://user:" + URL_SECRET + "@127.0.0.1/x"));

    write("lapse.management.password", "short");
    assertFails("management", "lapse.management.password", Map.of());
    write("lapse.management.password", MANAGEMENT_SECRET);

    write("lapse.kafka.properties.security.protocol", "SASL_PLAINTEXT");
    write("lapse.kafka.properties.sasl.mechanism", "PLAIN");
    write("lapse.kafka.properties.sasl.jaas.config", "PlainLoginModule password=" + JAAS_SECRET);
    assertFails("jaas", "Cannot create a Kafka client", Map.of());
  }

  private void assertFails(String what, String message, Map<String, String> environment)
      throws Exception {
    try (LapseProcess service = start(environment)) {
      assertThat(service.exitCode()).as(service::output).isEqualTo(1);
      assertThat(service.output()).as(what).contains(message);
      assertKept(what, service.output());
    }
  }

  private static void assertKept(String where, String text) {
    assertThat(text)
        .as(where)
        .doesNotContain(
            Roles.PASSWORD, JAAS_SECRET, KEY_SECRET, MANAGEMENT_SECRET, URL_SECRET, PAYLOAD);
  }

  private void write(String setting, String value) throws IOException {
    Files.writeString(secrets.resolve(setting), value + "\n");
  }

  /** With a password in the URL, too. */
  private LapseProcess start() {
    String url = database.url();
    return start(
        Map.of(
            "SPRING_DATASOURCE_URL",
            url + (url.contains("?") ? "&" : "?") + "password=" + URL_SECRET));
  }

  private LapseProcess start(Map<String, String> environment) {
    List<String> args =
        new ArrayList<>(
            List.of(
                "--lapse.relay.name=" + name,
                "--lapse.relay.topics.ApprovalExpired=" + name + ".expired",
                "--lapse.kafka.topic-replication=1",
                "--logging.level.root=debug",
                "--logging.level.org.apache.kafka=debug",
                "--logging.level.org.postgresql=debug",
                "--logging.level.org.springframework=debug",
                "--logging.level.com.zaxxer.hikari=debug",
                "--logging.level.org.flywaydb=debug",
                "--management.endpoints.web.exposure.include=*",
                "--management.endpoint.health.show-details=always"));
    return LapseProcess.configuredBy(secrets, Servers.kafka().bootstrapServers(), database.url())
        .with(environment)
        .start(args.toArray(String[]::new));
  }
}
