package dev.lapse.operations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lapse.support.Approvals;
import dev.lapse.support.EventConsumer;
import dev.lapse.support.EventConsumer.Event;
import dev.lapse.support.LapseProcess;
import dev.lapse.support.LapseService;
import dev.lapse.support.Servers;
import dev.lapse.support.TestDatabase;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The service as the jar that is built: from deadline to consumer, its health, its end. */
class ServiceIT {

  private final TestDatabase database = TestDatabase.migrated();
  private final Approvals approvals = new Approvals(database);
  private final String name = "service-" + UUID.randomUUID();
  private final String topic = name + ".expired";

  @AfterEach
  void closeDatabase() {
    database.close();
  }

  @Test
  void expiresAndPublishesUntilItIsStopped() throws Exception {
    approvals.due(20);
    approvals.notDue(3);

    try (LapseProcess service = start();
        EventConsumer consumer =
            EventConsumer.ofTopics(Servers.kafka().bootstrapServers(), Set.of(topic))) {
      consumer.await(20);
      approvals.insert(10, "1 second");
      assertThat(consumer.await(30)).hasSize(30).extracting(Event::id).doesNotHaveDuplicates();
      awaitHealth(service, 200);
      long last = lastId(); // the trial at the start took an id, too
      assertThat(service.get("/actuator/health").body())
          .contains("\"expiration\"", "\"relay\"", "\"leading\":true", "\"publishedId\":" + last);
      assertThat(service.get("/actuator/prometheus").body())
          .contains("lapse_expired_total 30.0", "lapse_published_total 30.0");

      service.terminate();

      assertThat(service.exitCode()).isEqualTo(143);
      assertThat(service.output())
          .contains("Expired approvals count=20")
          .contains("Stopped worker=expiration", "Stopped worker=relay")
          .doesNotContain("\tat ", "WARN", "ERROR");
    }
    assertThat(database.count("SELECT published_id FROM relay_checkpoint")).isEqualTo(lastId());
  }

  private long lastId() {
    return database.count("SELECT max(id) FROM outbox");
  }

  @Test
  void isDegradedWhileADeadLetterWaitsAndServesOn() throws Exception {
    try (LapseService service =
            LapseService.start(
                database,
                "--lapse.relay.name=" + name,
                "--lapse.relay.topics.ApprovalExpired=" + topic);
        EventConsumer consumer =
            EventConsumer.ofTopics(Servers.kafka().bootstrapServers(), Set.of(topic))) {
      database.execute(
          "INSERT INTO outbox (type, key, payload) VALUES ('NobodyConfigured', 'a', '{}')");
      approvals.due(3);
      consumer.await(3);

      await()
          .atMost(Duration.ofMinutes(1))
          .ignoreExceptions()
          .untilAsserted(
              () ->
                  assertThat(service.get("/actuator/health").body())
                      .contains("\"DEGRADED\"", "\"deadLetters\":1", "dead-letters list"));
      assertThat(service.get("/actuator/health").statusCode()).isEqualTo(200);
      assertThat(service.get("/actuator/prometheus").body()).contains("lapse_dead_letters 1.0");
    }
  }

  private LapseProcess start() {
    return LapseProcess.against(database)
        .packaged()
        .with(
            Map.of(
                "LAPSE_RELAY_NAME", name,
                "LAPSE_RELAY_TOPICS_APPROVALEXPIRED", topic,
                "LAPSE_KAFKA_TOPIC_REPLICATION", "1"))
        .start();
  }

  private static void awaitHealth(LapseProcess service, int status) {
    await()
        .atMost(Duration.ofMinutes(1))
        .ignoreExceptions()
        .until(() -> service.get("/actuator/health").statusCode() == status);
  }
}
