package dev.lapse.operations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lapse.support.EventConsumer;
import dev.lapse.support.EventConsumer.Event;
import dev.lapse.support.LapseProcess;
import dev.lapse.support.OwnPostgres;
import dev.lapse.support.Roles;
import dev.lapse.support.Servers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The role's password changes while the service runs, and its file some time later. */
class RotatedPasswordIT {

  private static final String TERMINATE =
      "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = '%s'"
          .formatted(Roles.SERVICE);

  @TempDir private Path secrets;

  private final String name = "rotated-" + UUID.randomUUID();

  @Test
  void goesOnWithTheNewPasswordAndLosesNothing() throws Exception {
    try (OwnPostgres postgres = OwnPostgres.migrated();
        EventConsumer consumer =
            EventConsumer.of(Servers.kafka().bootstrapServers(), name + ".")
                .without(name + ".position")) {
      postgres.execute("ALTER ROLE %s PASSWORD 'the first'".formatted(Roles.SERVICE));
      postgres.requirePasswordOf(Roles.SERVICE);
      write("spring.datasource.username", Roles.SERVICE);
      write("spring.datasource.password", "the first\n");
      try (LapseProcess service = start(postgres)) {
        due(postgres, 5);
        awaitHealth(service, "\"status\":\"UP\"", 5, consumer);

        postgres.execute("ALTER ROLE %s PASSWORD 'the second'".formatted(Roles.SERVICE));
        postgres.count(TERMINATE);
        due(postgres, 5);
        awaitHealth(service, "password authentication failed", 5, consumer);

        write("spring.datasource.password", "the second\n");
        awaitHealth(service, "\"status\":\"UP\"", 10, consumer);
        assertThat(service.output())
            .doesNotContain("the first", "the second", "health check failed");
      }
      assertThat(consumer.received())
          .extracting(Event::id)
          .doesNotHaveDuplicates()
          .containsExactlyInAnyOrderElementsOf(postgres.eventIds());
    }
  }

  private LapseProcess start(OwnPostgres postgres) {
    return LapseProcess.configuredBy(secrets, Servers.kafka().bootstrapServers(), postgres.url())
        .start(
            "--lapse.relay.name=" + name,
            "--lapse.relay.topics.ApprovalExpired=" + name + ".expired",
            "--lapse.kafka.topic-replication=1",
            "--spring.datasource.hikari.connection-timeout=2000");
  }

  private static void due(OwnPostgres postgres, int count) {
    postgres.execute(
        """
        INSERT INTO ai_approvals (requested_by, action, expires_at)
        SELECT 'agent', 'deploy', now() FROM generate_series(1, %d)
        """
            .formatted(count));
  }

  private static void awaitHealth(
      LapseProcess service, String said, int events, EventConsumer consumer) {
    await()
        .atMost(Duration.ofMinutes(2))
        .ignoreExceptionsInstanceOf(UncheckedIOException.class)
        .untilAsserted(
            () -> {
              consumer.poll(Duration.ofMillis(100));
              assertThat(service.get("/actuator/health").body()).contains(said);
              assertThat(consumer.received()).hasSize(events);
            });
  }

  private void write(String setting, String value) throws IOException {
    Files.writeString(secrets.resolve(setting), value);
  }
}
