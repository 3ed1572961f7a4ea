package dev.lapse.operations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lapse.support.Approvals;
import dev.lapse.support.LapseProcess;
import dev.lapse.support.TestDatabase;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Logs for a machine, switched on by Spring Boot's one setting. */
class LogsIT {

  private final TestDatabase database = TestDatabase.migrated();
  private final String name = "logs-" + UUID.randomUUID();

  @AfterEach
  void closeDatabase() {
    database.close();
  }

  @Test
  void areJsonLineByLineWithFieldsAndWithoutPayloads() throws Exception {
    String secret = "a-secret-that-nobody-logs";
    new Approvals(database).due(20);
    database.execute(
        "INSERT INTO outbox (type, topic, key, payload) VALUES"
            + " ('NobodyConfigured', NULL, '%1$s', '{\"what\": \"%1$s\"}'),".formatted(secret)
            + " ('Noted', '%1$s.noted', 'b', '{\"what\": \"%2$s\"}')".formatted(name, secret));

    try (LapseProcess service =
            LapseProcess.start(
                database,
                Map.of("LAPSE_RELAY_NAME", name, "LOGGING_STRUCTURED_FORMAT_CONSOLE", "ecs"),
                "--logging.level.dev.lapse=trace",
                "--lapse.relay.topics.ApprovalExpired=" + name + ".expired",
                "--lapse.kafka.topic-replication=1");
        TestDatabase maintenance = TestDatabase.maintenance()) {
      awaitOutput(service, "Cannot publish event");
      maintenance.refuseConnectionsTo(database);
      awaitOutput(service, "Worker failed, retrying");
      maintenance.allowConnectionsTo(database);
      awaitOutput(service, "Recovered");
      service.terminate();
      assertThat(service.exitCode()).isEqualTo(143);

      List<JsonNode> lines =
          service
              .output()
              .lines()
              .map(line -> JsonMapper.builder().build().readTree(line))
              .toList();
      assertThat(lines)
          .allSatisfy(line -> assertThat(line.get("@timestamp").isString()).isTrue())
          .allSatisfy(line -> assertThat(line.at("/log/level").isString()).isTrue())
          .allSatisfy(line -> assertThat(line.get("message").isString()).isTrue());
      assertThat(lines)
          .filteredOn(line -> line.get("message").stringValue().startsWith("Expired approvals"))
          .singleElement()
          .satisfies(
              line -> {
                assertThat(line.at("/lapse/count").longValue()).isEqualTo(20);
                assertThat(line.at("/lapse/took_ms").isNumber()).isTrue();
              });
      assertThat(service.output()).doesNotContain(secret);
    }
  }

  private static void awaitOutput(LapseProcess service, String text) {
    await()
        .atMost(Duration.ofMinutes(2))
        .untilAsserted(() -> assertThat(service.output()).contains(text));
  }
}
