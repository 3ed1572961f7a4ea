package dev.lapse.operations.health;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lapse.support.Approvals;
import dev.lapse.support.Command;
import dev.lapse.support.LapseService;
import dev.lapse.support.TestDatabase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
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
    try (LapseService service = start()) {
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
    try (LapseService service = start();
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
      assertThat(Command.run(database, "status", "--lapse.relay.name=" + name).output())
          .containsPattern(
              "last error +expiration   \\(20.*, process %d: .*accepting connections"
                  .formatted(ProcessHandle.current().pid()));
    }
  }

  @Test
  void isDegradedAndReadyWhilePausedAndSaysHowItGoesOn() {
    database.execute("INSERT INTO pause (part, reason) VALUES ('expiration', 'a migration')");

    try (LapseService service = start()) {
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

    try (LapseService service = start()) {
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
    try (LapseService service = start("--lapse.relay.enabled=false")) {
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

  private LapseService start(String... more) {
    List<String> settings = new ArrayList<>(List.of(more));
    settings.add("--lapse.relay.name=" + name);
    settings.add("--lapse.relay.topics.ApprovalExpired=" + name + ".expired");
    settings.add("--lapse.watch.interval=1s");
    return LapseService.start(database, settings.toArray(String[]::new));
  }

  private static String status(LapseService service, String group) {
    return service.get("/actuator/health" + group).statusCode()
        + " "
        + json(service, group).get("status").stringValue();
  }

  private static JsonNode json(LapseService service, String group) {
    return JsonMapper.builder().build().readTree(service.get("/actuator/health" + group).body());
  }

  private static void eventually(ThrowingRunnable assertion) {
    await().atMost(Duration.ofMinutes(2)).ignoreExceptions().untilAsserted(assertion);
  }
}
