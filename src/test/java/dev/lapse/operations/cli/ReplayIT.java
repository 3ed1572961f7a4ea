package dev.lapse.operations.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lapse.support.Approvals;
import dev.lapse.support.Command;
import dev.lapse.support.EventConsumer;
import dev.lapse.support.EventConsumer.Event;
import dev.lapse.support.LapseProcess;
import dev.lapse.support.LapseService;
import dev.lapse.support.Outbox;
import dev.lapse.support.Published;
import dev.lapse.support.Servers;
import dev.lapse.support.TestDatabase;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Publishing again, through the jar itself and over HTTP. */
class ReplayIT {

  private static final String PASSWORD = "a secret that is long";
  private static final String[] AUTHORIZED = {
    "Authorization",
    "Basic "
        + Base64.getEncoder().encodeToString(("lapse:" + PASSWORD).getBytes(StandardCharsets.UTF_8))
  };

  private final TestDatabase database = TestDatabase.migrated();
  private final Outbox outbox = new Outbox(database);
  private final String topic = "replay-" + UUID.randomUUID();
  private final Published published = new Published(database, topic);
  private final EventConsumer consumer =
      EventConsumer.ofTopics(Servers.kafka().bootstrapServers(), Set.of(topic));

  @AfterEach
  void stop() {
    consumer.close();
    published.close();
    database.close();
  }

  @Test
  void publishesTheSameEventsAgainInOrderAndMarksThem() throws Exception {
    published.createTopic();
    outbox.append(3, "a", topic);
    outbox.append(3, "b", topic);
    published.checkpoint(topic, 6);

    String output = run(0, "replay", "--from-id=2", "--to-id=5");

    assertThat(output)
        .contains(
            "Events: 4, outbox ids 2 to 5,", "to the topic of each event", "Events published: 4.");
    List<Event> events = consumer.await(4);
    assertThat(events).extracting(Event::id).isEqualTo(outbox.eventIds().subList(1, 5));
    assertThat(events).extracting(Event::key).containsExactly("a", "a", "b", "b");
    assertThat(events).extracting(event -> event.header("ce_type")).containsOnly("Noted");
    String replay =
        database
            .jdbc()
            .sql(
                """
                SELECT id::text FROM replay
                WHERE outcome = 'done' AND events = 4 AND last_id = 5 AND finished_at >= started_at
                  AND requested_by = :service AND requested_as <> '' AND to_topic IS NULL
                  AND selection @> '{"fromId": 2, "toId": 5, "afterId": 0}'
                """)
            .param("service", database.serviceUser())
            .query(String.class)
            .single();
    assertThat(events).extracting(event -> event.header("lapse-replay")).containsOnly(replay);
    assertThat(output).contains(replay);
  }

  @Test
  void selectsByKeyTypeAndTimeAndSendsToAnotherTopic() throws Exception {
    published.createTopic();
    database.execute(
        """
        INSERT INTO outbox (type, topic, key, payload, occurred_at) VALUES
          ('Noted', 'elsewhere', 'a', '{}', '2026-01-01 10:00Z'),
          ('Other', 'elsewhere', 'a', '{}', '2026-01-01 11:00Z'),
          ('Noted', 'elsewhere', 'b', '{}', '2026-01-01 12:00Z'),
          ('Noted', NULL, 'a', '{}', '2026-01-01 13:00Z')
        """);
    published.checkpoint(topic, 4);

    run(0, "replay", "--to-topic=" + topic, "--approval=a", "--type=Noted");
    run(
        0,
        "replay",
        "--to-topic=" + topic,
        "--since=2026-01-01T11:00:00Z",
        "--until=2026-01-01T14:00:00+01:00");

    assertThat(consumer.await(4))
        .extracting(event -> Long.parseLong(event.header("ce_sequence")))
        .containsExactlyInAnyOrder(1L, 4L, 2L, 3L);
  }

  @Test
  void aDryRunCountsAndPublishesNothing() throws Exception {
    published.createTopic();
    outbox.append(3, "a", topic);
    published.checkpoint(topic, 3);

    assertThat(run(0, "replay", "--from-id=1", "--dry-run"))
        .contains("Events: 3, outbox ids 1 to 3, ", " bytes", "Nothing was published.");
    assertThat(database.count("SELECT count(*) FROM replay")).isZero();
  }

  @Test
  void moreThanSoManyMustBeConfirmed() throws Exception {
    published.createTopic();
    outbox.append(3, "a", topic);
    published.checkpoint(topic, 3);

    assertThat(run(1, "replay", "--from-id=1", "--max=2"))
        .contains("more than 2 events. Nothing was published", "--yes");
    run(0, "replay", "--from-id=1", "--max=2", "--yes");

    assertThat(consumer.await(3)).hasSize(3);
  }

  @Test
  void leavesOutWhatIsNotPublishedAndWhatWaits() throws Exception {
    published.createTopic();
    outbox.append(2, "a", topic);
    outbox.append(2, "poisoned", topic);
    published.checkpoint(topic, 4);
    outbox.append(2, "a", topic);
    database.execute(
        """
        UPDATE relay_checkpoint
        SET dead_letters = '[{"key": "poisoned", "id": 3, "published": []}]'
        """);

    assertThat(run(0, "replay", "--from-id=1", "--dry-run"))
        .contains("Events: 2, outbox ids 1 to 2");
    assertThat(run(2, "replay", "--dead-letters")).contains("lapse dead-letters requeue");
    run(0, "replay", "--dead-letters", "--to-topic=" + topic);

    assertThat(consumer.await(2)).extracting(Event::key).containsOnly("poisoned");
  }

  @Test
  void stopsBehindAPageWhenItIsToldToAndGoesOnFromThere() throws Exception {
    published.createTopic();
    outbox.append(60, "a", topic);
    published.checkpoint(topic, 60);

    String stopped;
    try (LapseProcess replay =
        LapseProcess.start(
            database, Map.of("LAPSE_RELAY_NAME", topic), "replay", "--from-id=1", "--rate=10")) {
      consumer.await(1);
      replay.terminate();
      assertThat(replay.exitCode()).as(replay::output).isEqualTo(143);
      stopped = replay.output();
    }
    Matcher resume = Pattern.compile("--after-id=(\\d+)").matcher(stopped);
    assertThat(resume.find()).as(stopped).isTrue();
    assertThat(stopped)
        .contains("0 of 60 events", "Stopped. Events published: ")
        .doesNotContain("\tat ");
    assertThat(database.count("SELECT last_id FROM replay WHERE outcome = 'stopped'"))
        .isEqualTo(Long.parseLong(resume.group(1)))
        .isLessThan(60);
    run(0, "replay", "--from-id=1", resume.group());

    assertThat(consumer.await(60)).extracting(Event::id).isEqualTo(outbox.eventIds());
  }

  /** Held up by a lock, counting takes as long as the test wants. */
  @Test
  void endsAtOnceWhenItIsToldToWhileCounting() throws Exception {
    outbox.append(3, "a", topic);
    published.checkpoint(topic, 3);

    try (Connection lock = database.connect();
        Statement statement = lock.createStatement()) {
      lock.setAutoCommit(false);
      statement.execute("LOCK TABLE outbox");
      try (LapseProcess replay =
          LapseProcess.start(
              database, Map.of("LAPSE_RELAY_NAME", topic), "replay", "--from-id=1")) {
        awaitCounting();
        replay.terminate();

        assertThat(replay.exitCode()).as(replay::output).isEqualTo(143);
        assertThat(replay.output()).isEmpty();
      }
      lock.rollback();
      lock.setAutoCommit(true);
    }
    assertThat(database.count("SELECT count(*) FROM replay")).isZero();
  }

  @Test
  void saysWhereItFailedAndPublishesNothingOfThatPage() throws Exception {
    published.createTopic();
    outbox.append(2, "a", topic);
    database.execute("INSERT INTO outbox (type, key, payload) VALUES ('Nowhere', 'a', '{}')");
    published.checkpoint(topic, 3);

    assertThat(run(1, "replay", "--from-id=1", "--rate=4"))
        .contains("failed: Outbox id 3: No topic for event type \"Nowhere\"", "--after-id=2")
        .doesNotContain("\tat ");
    assertThat(consumer.await(2)).hasSize(2);
    assertThat(database.count("SELECT count(*) FROM replay WHERE outcome = 'failed'")).isOne();
  }

  @Test
  void saysWhereToGoOnWhenTheDatabaseHasGone() throws Exception {
    published.createTopic();
    outbox.append(1500, "a", topic);
    published.checkpoint(topic, 1500);
    database.execute(
        """
        CREATE FUNCTION gone() RETURNS trigger LANGUAGE plpgsql AS
          $$ BEGIN RAISE EXCEPTION 'the database has gone'; END $$;
        CREATE TRIGGER gone BEFORE UPDATE ON replay FOR EACH ROW EXECUTE FUNCTION gone();
        """);

    assertThat(run(1, "replay", "--from-id=1"))
        .contains("Stopped. Events published: 1,000.", "the database has gone", "--after-id=1000")
        .contains("Could not record the end of a replay", "outcome=FAILED", "lastId=1000")
        .doesNotContain("\tat ");
  }

  /** As where the command runs without the service's LAPSE_RELAY_NAME. */
  @Test
  void saysThatTheRelayOfThisNameHasPublishedNothing() throws Exception {
    outbox.append(3, "a", topic);
    published.checkpoint("another", 3);

    assertThat(run(1, "replay", "--from-id=1"))
        .contains("relay " + topic + " has not written a checkpoint", "lapse.relay.name")
        .doesNotContain("\tat ");
  }

  /** Where brokers create topics by themselves, the first send would make it. */
  @Test
  void sendsToNoTopicThatIsNotThere() throws Exception {
    outbox.append(3, "a", topic);
    published.checkpoint(topic, 3);

    for (String option : List.of("--dry-run", "--yes")) {
      assertThat(run(1, "replay", "--from-id=1", "--to-topic=" + topic + ".misspelt", option))
          .contains("Topic " + topic + ".misspelt does not exist: create it")
          .doesNotContain("\tat ");
    }
    assertThat(database.count("SELECT count(*) FROM replay")).isZero();
  }

  @Test
  void saysWhatIsWrongWithTheCommandLine() throws Exception {
    assertThat(run(2, "replay")).contains("Specify which events");
    assertThat(run(2, "replay", "--since=yesterday")).contains("2026-11-25T08:00:00Z");
    assertThat(run(2, "replay", "--form-id=3")).contains("--from-id").doesNotContain("\tat ");
  }

  @Test
  void overHttpOnlyWhoKnowsThePasswordStartsOneAndTheRelayGoesOn() throws Exception {
    try (LapseProcess service =
        LapseProcess.start(database, Map.of("LAPSE_MANAGEMENT_PASSWORD", PASSWORD), settings())) {
      new Approvals(database).due(20);
      consumer.await(20);
      awaitCheckpoint(20);

      assertThat(service.post("/actuator/replay", "{\"fromId\": 1}").statusCode()).isEqualTo(401);
      assertThat(
              service
                  .post(
                      "/actuator/replay", "{\"fromId\": 1}", "Authorization", "Basic bGFwc2U6eA==")
                  .statusCode())
          .isEqualTo(401);
      assertThat(service.delete("/actuator/replay").statusCode()).isEqualTo(401);
      assertThat(service.get("/actuator/replay").statusCode()).isEqualTo(401);
      assertThat(database.count("SELECT count(*) FROM replay")).isZero();

      assertThat(service.post("/actuator/replay", "{}", AUTHORIZED).body())
          .contains("Specify which events");
      assertThat(
              service
                  .post("/actuator/replay", "{\"fromId\": 1, \"dryRun\": true}", AUTHORIZED)
                  .body())
          .contains("\"events\":20", "\"started\":false");
      assertThat(
              service
                  .post("/actuator/replay", "{\"fromId\": 1, \"max\": 3}", AUTHORIZED)
                  .statusCode())
          .isEqualTo(409);
      String started = service.post("/actuator/replay", "{\"fromId\": 1}", AUTHORIZED).body();
      assertThat(started).contains("\"started\":true", "\"id\":");
      new Approvals(database).due(5);

      List<Event> events = consumer.await(45);
      assertThat(events).hasSize(45);
      assertThat(events.stream().filter(event -> event.headers().containsKey("lapse-replay")))
          .hasSize(20);
      await()
          .atMost(Duration.ofMinutes(1))
          .untilAsserted(
              () ->
                  assertThat(service.get("/actuator/replay", AUTHORIZED).body())
                      .contains("\"outcome\":\"done\"", "\"requestedAs\":\"lapse\"")
                      .doesNotContain("selection"));
      awaitCheckpoint(25);
      assertThat(run(0, "audit", "--against-kafka"))
          .contains("25 compared, outbox ids 1 to 25", "20 published again by replays");

      service.terminate();
      assertThat(service.exitCode()).isEqualTo(143);
      assertThat(service.output()).doesNotContain(PASSWORD, "\tat ", "WARN", "ERROR");
    }
  }

  /** Counting may take long; held up by a lock, it takes as long as the test wants. */
  @Test
  void overHttpOneIsStoppedWhileItsEventsAreBeingCounted() throws Exception {
    published.createTopic();
    outbox.append(3, "a", topic);
    published.checkpoint(topic, 3);
    try (LapseService service = service("--lapse.management.password=" + PASSWORD);
        Connection lock = database.connect();
        Statement statement = lock.createStatement()) {
      lock.setAutoCommit(false);
      statement.execute("LOCK TABLE outbox");
      CompletableFuture<String> start =
          CompletableFuture.supplyAsync(
              () -> service.post("/actuator/replay", "{\"fromId\": 1}", AUTHORIZED).body());
      awaitCounting();

      assertThat(service.post("/actuator/replay", "{\"fromId\": 1}", AUTHORIZED).statusCode())
          .isEqualTo(409);
      assertThat(service.delete("/actuator/replay", AUTHORIZED).body())
          .contains("\"stopping\":true");
      lock.rollback();
      lock.setAutoCommit(true);

      assertThat(start.get(1, TimeUnit.MINUTES))
          .contains("The replay was stopped", "\"started\":false");
      assertThat(database.count("SELECT count(*) FROM replay")).isZero();
      assertThat(service.post("/actuator/replay", "{\"fromId\": 1}", AUTHORIZED).body())
          .contains("\"started\":true");
    }
  }

  private void awaitCounting() {
    await()
        .atMost(Duration.ofMinutes(1))
        .until(
            () ->
                database.count(
                        """
                        SELECT count(*) FROM pg_stat_activity
                        WHERE datname = current_database() AND wait_event_type = 'Lock'
                          AND query LIKE '%coalesce(min(record.id), 0)%'
                          AND pid <> pg_backend_pid()
                        """)
                    > 0);
  }

  @Test
  void overHttpNobodyStartsOneWithoutAConfiguredPassword() throws Exception {
    try (LapseService service = service()) {
      assertThat(service.post("/actuator/replay", "{\"fromId\": 1}").statusCode()).isIn(401, 403);
      assertThat(service.post("/actuator/replay", "{\"fromId\": 1}", AUTHORIZED).statusCode())
          .isIn(401, 403);
      assertThat(service.get("/actuator/replay").statusCode()).isEqualTo(404);
      assertThat(service.get("/actuator").body()).doesNotContain("replay");
      assertThat(service.output()).doesNotContain("password");
    }
  }

  @Test
  void aManagementPortOfItsOwnIsGuardedAsWell() throws Exception {
    int port;
    try (ServerSocket any = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = any.getLocalPort();
    }
    try (LapseService service =
        service(
            "--lapse.management.password=" + PASSWORD,
            "--management.server.port=" + port,
            "--management.server.address=127.0.0.1")) {
      URI replay = URI.create("http://127.0.0.1:%d/actuator/replay".formatted(port));
      HttpRequest look = HttpRequest.newBuilder(replay).build();
      HttpRequest lookAsAdmin = HttpRequest.newBuilder(replay).headers(AUTHORIZED).build();
      HttpRequest stop = HttpRequest.newBuilder(replay).DELETE().build();
      assertThat(service.get("/").statusCode()).isEqualTo(200);

      await()
          .atMost(Duration.ofMinutes(1))
          .ignoreExceptions()
          .until(() -> status(lookAsAdmin) == 200);
      assertThat(status(look)).isEqualTo(401);
      assertThat(status(stop)).isEqualTo(401);
      assertThat(status(HttpRequest.newBuilder(replay).DELETE().headers(AUTHORIZED).build()))
          .isEqualTo(200);
    }
  }

  private static int status(HttpRequest request) throws Exception {
    return HttpClient.newHttpClient()
        .send(request, HttpResponse.BodyHandlers.discarding())
        .statusCode();
  }

  private LapseService service(String... more) {
    return LapseService.start(database, settings(more));
  }

  private String[] settings(String... more) {
    List<String> settings = new ArrayList<>(List.of(more));
    settings.add("--lapse.relay.topics.ApprovalExpired=" + topic);
    settings.add("--lapse.relay.name=" + topic);
    settings.add("--lapse.relay.checkpoint-interval=100ms");
    settings.add("--lapse.kafka.topic-partitions=1");
    settings.add("--lapse.kafka.topic-replication=1");
    return settings.toArray(String[]::new);
  }

  private void awaitCheckpoint(long id) {
    await()
        .atMost(Duration.ofMinutes(1))
        .until(
            () ->
                database.count("SELECT coalesce(max(published_id), 0) FROM relay_checkpoint")
                    == id);
  }

  private String run(int exitCode, String... args) {
    String[] all = Arrays.copyOf(args, args.length + 2);
    all[args.length + 1] = "--lapse.relay.name=" + topic;
    all[args.length] = "--lapse.relay.topics.ApprovalExpired=" + topic;
    Command command = Command.run(database, all);
    assertThat(command.exitCode()).as(command::output).isEqualTo(exitCode);
    return command.output();
  }
}
