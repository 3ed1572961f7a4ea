package dev.lapse.operations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lapse.support.Approvals;
import dev.lapse.support.EventConsumer;
import dev.lapse.support.EventConsumer.Event;
import dev.lapse.support.LapseProcess;
import dev.lapse.support.Outbox;
import dev.lapse.support.PgBouncer;
import dev.lapse.support.Roles;
import dev.lapse.support.Servers;
import dev.lapse.support.TestDatabase;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * The service behind PgBouncer in transaction mode, two instances on two sessions of the server.
 */
class PgBouncerIT {

  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private final TestDatabase database = TestDatabase.migrated();
  private final Approvals approvals = new Approvals(database);
  private final String name = "bouncer-" + UUID.randomUUID();
  private final String topic = name + ".expired";

  @BeforeAll
  static void needsPgBouncer() {
    assumeTrue(PgBouncer.isInstalled(), "there is no pgbouncer here");
  }

  @AfterEach
  void closeDatabase() {
    database.close();
  }

  @Test
  void expiresPublishesAndTakesOver() throws Exception {
    try (PgBouncer bouncer = PgBouncer.before(database);
        LapseProcess one = start(bouncer);
        LapseProcess two = start(bouncer);
        EventConsumer consumer =
            EventConsumer.ofTopics(Servers.kafka().bootstrapServers(), Set.of(topic))) {
      LapseProcess leader = leader(one, two);
      approvals.due(50);
      consumer.await(50);
      new Outbox(database).append(300, "a", topic);
      consumer.await(350);

      leader.kill();
      approvals.insert(20, "1 second");

      assertThat(consumer.await(370)).hasSize(370).extracting(Event::id).doesNotHaveDuplicates();
      LapseProcess successor = one.isAlive() ? one : two;
      await().atMost(PATIENCE).until(() -> leads(successor));
      assertThat(successor.get("/actuator/status").body()).contains("\"publishedId\":370");
      assertThat(successor.get("/actuator/audit").body()).contains("\"holds\":true");
      assertThat(successor.output()).doesNotContain("prepared statement", "ERROR", "Worker failed");
      assertThat(database.count(STRANGERS)).as("sessions past the pooler").isZero();
    }
  }

  /** Sessions of the service's role are the two of the pooler's. */
  private static final String STRANGERS =
      """
      SELECT greatest(count(*) - 2, 0) FROM pg_stat_activity
      WHERE datname = current_database() AND usename = 'lapse_service'
      """;

  private LapseProcess start(PgBouncer bouncer) {
    return LapseProcess.against(
            bouncer.url() + "?prepareThreshold=0",
            Roles.SERVICE,
            Roles.PASSWORD,
            Servers.kafka().bootstrapServers())
        .with(Map.of("LAPSE_RELAY_NAME", name, "SPRING_FLYWAY_ENABLED", "false"))
        .start(
            "--lapse.relay.topics.ApprovalExpired=" + topic, "--lapse.kafka.topic-replication=1");
  }

  private static LapseProcess leader(LapseProcess... instances) {
    await().atMost(PATIENCE).until(() -> List.of(instances).stream().anyMatch(PgBouncerIT::leads));
    return List.of(instances).stream().filter(PgBouncerIT::leads).findFirst().orElseThrow();
  }

  private static boolean leads(LapseProcess instance) {
    try {
      return instance.isAlive()
          && instance.get("/actuator/health").body().contains("\"leading\":true");
    } catch (java.io.UncheckedIOException e) {
      return false; // not yet up
    }
  }
}
