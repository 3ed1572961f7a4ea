package dev.lapse.operations.health;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lapse.support.Approvals;
import dev.lapse.support.LapseProcess;
import dev.lapse.support.TestDatabase;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import org.awaitility.core.ThrowingRunnable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What health says over HTTP: what is wrong, and what happens next. */
class HealthIT {

  private final TestDatabase database = TestDatabase.migrated();
  private final String name = "health-" + UUID.randomUUID();

  @AfterEach
  void closeDatabase() {
    database.close();
  }

  @Test
  void isReadyAndAliveWhileAllIsWell() {
    try (LapseProcess service = start()) {
      eventually(
          () -> {
            assertThat(status(service, "")).isEqualTo("200 UP");
            assertThat(status(service, "/readiness")).isEqualTo("200 UP");
            assertThat(status(service, "/liveness")).isEqualTo("200 UP");
            assertThat(service.get("/actuator/health/liveness").body())
                .contains("\"expiration\":\"running\"", "\"relay\":\"running\"");
          });
    }
  }

  /**
   * To restart it would not bring the database back; to send it work is of no use. It goes on by
   * itself.
   */
  @Test
  void isAliveThoughNotReadyInAnOutageAndStatusKeepsTheReason() throws Exception {
    try (LapseProcess service = start();
        TestDatabase maintenance = TestDatabase.maintenance()) {
      eventually(() -> assertThat(status(service, "/readiness")).isEqualTo("200 UP"));

      maintenance.refuseConnectionsTo(database);

      eventually(
          () -> {
            assertThat(status(service, "/readiness")).isEqualTo("503 DOWN");
            assertThat(status(service, "/liveness")).isEqualTo("200 UP");
            JsonNode expiration = json(service, "/readiness").at("/components/expiration/details");
            assertThat(expiration.get("state").stringValue()).isEqualTo("backing off");
            assertThat(expiration.get("reason").stringValue())
                .contains("is not currently accepting connections");
            assertThat(expiration.get("nextAttempt").isString()).isTrue();
            assertThat(expiration.get("action").stringValue()).contains("retries automatically");
          });
      maintenance.allowConnectionsTo(database);

      eventually(
          () -> {
            assertThat(status(service, "/readiness")).isEqualTo("200 UP");
            assertThat(lastErrors()).contains("expiration");
          });
      assertThat(service.output()).contains("Worker failed, retrying", "Recovered worker=");
      try (LapseProcess command =
          LapseProcess.start(database, Map.of("LAPSE_RELAY_NAME", name), "status")) {
        assertThat(command.exitCode()).isZero();
        assertThat(command.output())
            .containsPattern(
                "last error +expiration   \\(20.*, process %d: .*accepting connections"
                    .formatted(service.pid()));
      }
    }
  }

  @Test
  void isDegradedAndReadyWhilePausedAndSaysHowItGoesOn() {
    database.execute("INSERT INTO pause (part, reason) VALUES ('expiration', 'a migration')");

    try (LapseProcess service = start()) {
      eventually(
          () -> {
            assertThat(status(service, "")).isEqualTo("200 DEGRADED");
            assertThat(status(service, "/readiness")).isEqualTo("200 DEGRADED");
            JsonNode expiration = json(service, "/readiness").at("/components/expiration/details");
            assertThat(expiration.get("reason").stringValue()).isEqualTo("a migration");
            assertThat(expiration.get("action").stringValue()).isEqualTo("lapse resume expiration");
          });
    }
  }

  @Test
  void isDegradedAndReadyWhileAnApprovalIsRefusedUntilItIsMended() {
    String refused = new Approvals(database).due(3).get(1).toString();
    database.execute(
        """
        ALTER TABLE ai_approvals
          ADD CONSTRAINT no_longer CHECK (id <> '%1$s' OR status = 'pending') NOT VALID
        """
            .formatted(refused));

    try (LapseProcess service = start()) {
      eventually(
          () -> {
            assertThat(status(service, "/readiness")).isEqualTo("200 DEGRADED");
            JsonNode expiration = json(service, "/readiness").at("/components/expiration/details");
            assertThat(expiration.get("refused").intValue()).isEqualTo(1);
            assertThat(expiration.get("action").stringValue()).contains("retries automatically");
            assertThat(expiration.toString()).doesNotContain(refused, "no_longer");
          });
      assertThat(service.output()).contains("Cannot expire approval", refused, "\"no_longer\"");
      assertThat(database.count("SELECT count(*) FROM ai_approvals WHERE status = 'expired'"))
          .isEqualTo(2);

      database.execute("ALTER TABLE ai_approvals DROP CONSTRAINT no_longer");

      eventually(() -> assertThat(status(service, "/readiness")).isEqualTo("200 UP"));
      assertThat(database.count("SELECT count(*) FROM ai_approvals WHERE status = 'expired'"))
          .isEqualTo(3);
    }
  }

  /** An instance that does one thing only is ready when it does that. */
  @Test
  void isReadyWithoutTheRelay() {
    try (LapseProcess service = start("--lapse.relay.enabled=false")) {
      eventually(() -> assertThat(status(service, "/readiness")).isEqualTo("200 UP"));
    }
  }

  private String lastErrors() {
    return database
        .jdbc()
        .sql("SELECT coalesce(string_agg(loop, ' '), '') FROM last_error")
        .query(String.class)
        .single();
  }

  private LapseProcess start(String... more) {
    String[] settings = new String[more.length + 2];
    settings[0] = "--lapse.relay.topics.ApprovalExpired=" + name + ".expired";
    settings[1] = "--lapse.kafka.topic-replication=1";
    System.arraycopy(more, 0, settings, 2, more.length);
    return LapseProcess.start(
        database, Map.of("LAPSE_RELAY_NAME", name, "LAPSE_WATCH_INTERVAL", "1s"), settings);
  }

  private static String status(LapseProcess service, String group) {
    return service.get("/actuator/health" + group).statusCode()
        + " "
        + json(service, group).get("status").stringValue();
  }

  private static JsonNode json(LapseProcess service, String group) {
    return JsonMapper.builder().build().readTree(service.get("/actuator/health" + group).body());
  }

  private static void eventually(ThrowingRunnable assertion) {
    await().atMost(Duration.ofMinutes(2)).ignoreExceptions().untilAsserted(assertion);
  }
}
