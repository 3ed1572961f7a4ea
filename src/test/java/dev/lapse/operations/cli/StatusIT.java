package dev.lapse.operations.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lapse.support.Approvals;
import dev.lapse.support.Command;
import dev.lapse.support.LapseProcess;
import dev.lapse.support.LapseService;
import dev.lapse.support.Outbox;
import dev.lapse.support.Published;
import dev.lapse.support.TestDatabase;
import dev.lapse.support.WithoutWal;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Where things stand, on the command line and over HTTP. */
class StatusIT {

  private final TestDatabase database = TestDatabase.migrated();
  private final String name = "status-" + UUID.randomUUID();

  @AfterEach
  void closeDatabase() {
    database.close();
  }

  @Test
  void tellsWhatIsPendingAndHowFarPublishingIs() throws Exception {
    new Approvals(database).notDue(3);
    new Approvals(database).due(2);
    Outbox outbox = new Outbox(database);
    outbox.append(2, "a");
    try (Connection late = database.connect();
        Statement statement = late.createStatement()) {
      late.setAutoCommit(false);
      statement.execute(
          "INSERT INTO outbox (type, key, payload) VALUES ('ApprovalExpired', 'late', '{}')");
      outbox.append(2, "b");
      new Published(database, "unused").checkpoint(name, 5);
      late.commit();
      late.setAutoCommit(true);
    }
    outbox.append(4, "c");

    JsonNode status = json(run(0, "status", "--json")).get("database");

    assertThat(status.get("pending").get("count").longValue()).isEqualTo(5);
    assertThat(status.get("due").get("count").longValue()).isEqualTo(2);
    assertThat(status.get("nextDueSeconds").doubleValue()).isBetween(3000.0, 3600.0);
    assertThat(status.get("publishedId").longValue()).isEqualTo(5);
    assertThat(status.get("stragglers").get("count").longValue()).isEqualTo(1);
    assertThat(status.get("backlog").get("count").longValue()).isEqualTo(5);
    assertThat(status.get("backlog").get("more").booleanValue()).isFalse();
    assertThat(status.get("oldestUnpublishedSeconds").doubleValue()).isBetween(0.0, 120.0);
    assertThat(status.get("deadLetters").longValue()).isZero();
  }

  @Test
  void namesTheRelayThatStoppedAndHoldsUpPurging() throws Exception {
    Published checkpoints = new Published(database, "unused");
    checkpoints.checkpoint("old", 5);
    checkpoints.checkpoint(name, 6);
    database.execute(
        "UPDATE relay_checkpoint SET written_at = now() - interval '25 h' WHERE relay = 'old'");

    assertThat(run(0, "status"))
        .containsPattern("STALE CHECKPOINT relay old ")
        .contains("DELETE FROM relay_checkpoint WHERE relay = 'old'");
  }

  @Test
  void countsUpToABound() throws Exception {
    database.execute(
        """
        INSERT INTO outbox (type, key, payload)
        SELECT 'ApprovalExpired', 'a', '{}' FROM generate_series(1, 100100)
        """);

    String output = run(0, "status");

    assertThat(output)
        .contains("backlog          more than 100000", "no checkpoint yet")
        .contains("leader           none");
  }

  @Test
  void tellsWhoLeadsAndWhoStandsByOnTheCommandLineAndOverHttp() throws Exception {
    try (LapseService one = service();
        LapseService another = service()) {
      new Approvals(database).due(4);

      awaitStatus(
          one,
          status -> {
            // As the broker sees it: where that is a container, the address of its network.
            assertThat(status.get("relay").get("leader").get("host").stringValue())
                .matches("[0-9.]+");
            assertThat(status.get("relay").get("standbys")).hasSize(1);
            assertThat(status.get("database").get("publishedId").longValue()).isEqualTo(lastId());
            assertThat(status.get("database").get("expiredToday").get("count").longValue())
                .isEqualTo(4);
            assertThat(status.get("database").get("backlog").get("count").longValue()).isZero();
          });

      assertThat(run(0, "status"))
          .containsPattern("leader           [0-9.]+ ")
          .contains("standbys         1", "published up to  " + lastId());
      JsonNode audit = json(another.get("/actuator/audit").body());
      assertThat(audit.get("holds").booleanValue()).isTrue();
      assertThat(audit.get("findings")).hasSize(13);
    }
  }

  /** As on Amazon Aurora: all of the service, and not just its relay. */
  @Test
  void servesAndSaysSoWithoutWalFunctions() throws Exception {
    database.execute(WithoutWal.SQL);
    try (LapseService one = service()) {
      new Approvals(database).due(4);

      awaitStatus(
          one,
          status -> {
            JsonNode told = status.get("database");
            assertThat(told.get("publishedId").longValue()).isEqualTo(lastId());
            assertThat(told.get("originSource").stringValue()).isEqualTo("TRANSACTIONS");
          });
    }

    assertThat(run(0, "status")).contains("position by      transaction ids");
    assertThat(run(0, "audit")).doesNotContain("FOUND");
  }

  @Test
  void tellsWhatPostgresKnowsWhileKafkaIsDown() throws Exception {
    new Approvals(database).notDue(3);

    String output = run(0, "status", "--lapse.kafka.bootstrap-servers=127.0.0.1:1");

    assertThat(output)
        .contains("pending          3", "Kafka does not answer at 127.0.0.1:1")
        .doesNotContain("\tat ");
  }

  @Test
  void saysThatPostgresIsDown() throws Exception {
    String output = run(1, "status", "--spring.datasource.url=jdbc:postgresql://127.0.0.1:1/x");

    assertThat(output)
        .contains("PostgreSQL does not answer at jdbc:postgresql://127.0.0.1:1/x")
        .doesNotContain("\tat ");
  }

  @Test
  void watchesUntilItIsStoppedAndThroughAnOutage() throws Exception {
    new Approvals(database).notDue(3);
    try (LapseProcess watch =
            LapseProcess.start(
                database,
                Map.of("LAPSE_RELAY_NAME", name),
                "--spring.datasource.hikari.connection-timeout=1000",
                "status",
                "--watch",
                "--interval=200ms");
        TestDatabase maintenance = TestDatabase.maintenance()) {
      awaitOutput(watch, "(?s).*pending +3.*pending +3.*");

      maintenance.refuseConnectionsTo(database);
      awaitOutput(watch, "(?s).*PostgreSQL does not answer: .*");
      maintenance.allowConnectionsTo(database);
      awaitOutput(watch, "(?s).*PostgreSQL does not answer: .*pending +3.*");

      watch.terminate();

      assertThat(watch.exitCode()).isEqualTo(143);
      assertThat(watch.output()).doesNotContain("\tat ", "Exception");
    }
  }

  /** A trial may have taken some before it. */
  private long lastId() {
    return database.count("SELECT coalesce(max(id), -1) FROM outbox");
  }

  private static void awaitOutput(LapseProcess process, String pattern) {
    await()
        .atMost(Duration.ofMinutes(2))
        .untilAsserted(() -> assertThat(process.output()).matches(pattern));
  }

  private LapseService service() {
    return LapseService.start(
        database,
        "--lapse.relay.name=" + name,
        "--lapse.relay.checkpoint-interval=100ms",
        "--lapse.relay.topics.ApprovalExpired=" + name + ".expired");
  }

  /** So {@code lapse status --json | jq} works whatever there is to warn of. */
  @Test
  void printsNothingButJsonToStandardOutput() {
    Command status =
        Command.run(database, "status", "--json", "--logging.level.org.springframework=debug");

    assertThat(json(status.result()).has("database")).isTrue();
    assertThat(status.output()).contains("DEBUG ");
  }

  private static void awaitStatus(LapseService service, Consumer<JsonNode> assertion) {
    await()
        .atMost(Duration.ofMinutes(2))
        .ignoreExceptions()
        .untilAsserted(() -> assertion.accept(json(service.get("/actuator/status").body())));
  }

  private static JsonNode json(String output) {
    return JsonMapper.builder().build().readTree(output);
  }

  private String run(int exitCode, String... args) {
    String[] all = Arrays.copyOf(args, args.length + 1);
    all[args.length] = "--lapse.relay.name=" + name;
    Command command = Command.run(database, all);
    assertThat(command.exitCode()).as(command::output).isEqualTo(exitCode);
    return List.of(args).contains("--json") ? command.result() : command.output();
  }
}
