package dev.lapse.example;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lapse.support.Approvals;
import dev.lapse.support.ChildProcess;
import dev.lapse.support.Command;
import dev.lapse.support.ForeignProject;
import dev.lapse.support.LapseProcess;
import dev.lapse.support.Leftovers;
import dev.lapse.support.Servers;
import dev.lapse.support.TestDatabase;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.RemoveMembersFromConsumerGroupOptions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The consumers of docs/use/consume-events.md do their work once for each approval that expired, if
 * they are killed, lose their database, and receive all events again.
 */
class ConsumersIT {

  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final String TOPIC = "consumers-" + UUID.randomUUID() + ".expired";

  /** Holds the end of each transaction that has done the work, until {@link #LOCK} is free. */
  private static final String HOLD =
      """
      CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        PERFORM pg_advisory_xact_lock_shared(1);
        RETURN NULL;
      END $$;
      CREATE CONSTRAINT TRIGGER hold AFTER INSERT ON reminder
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION hold();
      """;

  private static final String LOCK = "SELECT pg_advisory_lock(1)";
  private static final String UNLOCK = "SELECT pg_advisory_unlock(1)";

  private static final String HELD =
      " FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";

  private static TestDatabase lapses;
  private static LapseProcess lapse;
  private static Admin admin;

  private final TestDatabase reminders = TestDatabase.empty(Servers.postgres());

  @BeforeAll
  static void startLapse() {
    lapses = TestDatabase.migrated();
    lapse = LapseProcess.start(lapses, Map.of(), settings());
    admin = Admin.create(Map.of("bootstrap.servers", Servers.kafka().bootstrapServers()));
    new Approvals(lapses).due(20);
    await().atMost(PATIENCE).until(() -> admin.listTopics().names().get().contains(TOPIC));
  }

  /** With one partition, so that what comes after a replay is received after it. */
  private static String[] settings(String... command) {
    List<String> settings =
        List.of(
            "--lapse.relay.name=" + TOPIC,
            "--lapse.relay.topics.ApprovalExpired=" + TOPIC,
            "--lapse.kafka.topic-partitions=1",
            "--lapse.kafka.topic-replication=1");
    return Stream.concat(List.of(command).stream(), settings.stream()).toArray(String[]::new);
  }

  @AfterAll
  static void stopLapse() {
    admin.close();
    lapse.close();
    lapses.close();
  }

  @BeforeEach
  void createTables() throws Exception {
    reminders.execute(Files.readString(Path.of("src/test/consumers/tables.sql")));
    reminders.execute(HOLD);
  }

  @AfterEach
  void close() {
    reminders.close();
  }

  @Test
  void typeScript() throws Exception {
    ForeignProject project = new ForeignProject(Path.of("src/test/consumers/typescript"));
    project.npmInstall();
    project.run(Map.of(), "npx", "tsc", "--project", ".").ok();

    String[] node = {"node", project.directory().resolve("consumer.js").toString()};
    assertWorksOnce("reminders", true, node);
    assertSurvivesTheLossOfItsConnection(node);
  }

  @Test
  void python() throws Exception {
    ForeignProject project = new ForeignProject(Path.of("src/test/consumers/python"));
    project.needs("/usr/bin/python3", "-c", "import confluent_kafka, psycopg2");

    assertWorksOnce(
        "reminders-python",
        true,
        "/usr/bin/python3",
        project.directory().resolve("consumer.py").toString());
  }

  @Test
  void java() throws Exception {
    assertWorksOnce(
        "reminders-java",
        false,
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-cp",
        System.getProperty("java.class.path"),
        Path.of("src/test/consumers/java/PlainConsumer.java").toString());
  }

  /**
   * @param leaves whether it leaves its group when it is asked to stop
   */
  private void assertWorksOnce(String group, boolean leaves, String... command) throws Exception {
    try (Connection lock = reminders.connect()) {
      execute(lock, LOCK);
      killAtTheEndOfItsWork(group, command);
      // The server does not know, and commits: the work is done, and Kafka has no offset of it.
      execute(lock, UNLOCK);
      await().atMost(PATIENCE).until(() -> count() == 1);

      execute(lock, LOCK);
      killAtTheEndOfItsWork(group, command);
      reminders.execute("SELECT pg_terminate_backend(pid)" + HELD);
      execute(lock, UNLOCK);
    }
    assertThat(count()).isEqualTo(1);

    try (ChildProcess consumer = start(command)) {
      awaitAll(consumer);

      Command replay = Command.run(lapses, settings("replay", "--type=ApprovalExpired"));
      assertThat(replay.exitCode()).as(replay.output()).isZero();
      assertThat(lapses.count("SELECT events FROM replay ORDER BY started_at DESC LIMIT 1"))
          .isGreaterThanOrEqualTo(20);
      new Approvals(lapses).due();
      awaitAll(consumer);

      consumer.terminate();
      assertThat(consumer.exitCode(PATIENCE)).isIn(0, 128 + 15);
    }
    if (leaves) {
      assertThat(admin.describeConsumerGroups(List.of(group)).all().get().values())
          .hasSize(1)
          .allSatisfy(described -> assertThat(described.members()).isEmpty());
    }
  }

  private void assertSurvivesTheLossOfItsConnection(String... command) throws Exception {
    try (Connection lock = reminders.connect();
        ChildProcess consumer = start(command)) {
      execute(lock, LOCK);
      new Approvals(lapses).due();
      awaitWhileItRuns(consumer, () -> reminders.count("SELECT count(*)" + HELD) == 1);
      reminders.execute("SELECT pg_terminate_backend(pid)" + HELD);
      execute(lock, UNLOCK);
      awaitAll(consumer);
    }
  }

  private void killAtTheEndOfItsWork(String group, String... command) throws Exception {
    try (ChildProcess consumer = start(command)) {
      awaitWhileItRuns(consumer, () -> reminders.count("SELECT count(*)" + HELD) == 1);
      consumer.kill();
    }
    // Rather than wait until its session has timed out.
    admin
        .removeMembersFromConsumerGroup(group, new RemoveMembersFromConsumerGroupOptions())
        .all()
        .get();
  }

  private ChildProcess start(String... command) {
    return ChildProcess.of(
        List.of(command),
        Map.of(
            "DATABASE_URL",
            ForeignProject.url(reminders),
            "JDBC_URL",
            "%s?user=%s&password=%s"
                .formatted(
                    reminders.url(), Servers.postgres().user(), Servers.postgres().password()),
            "KAFKA_BROKERS",
            Servers.kafka().bootstrapServers(),
            "TOPIC",
            TOPIC),
        Leftovers.file("consumer-", ".log"));
  }

  private long count() {
    return reminders.count("SELECT count(*) FROM reminder");
  }

  /** All that expired, each once. */
  private void awaitAll(ChildProcess consumer) {
    long expected = lapses.count("SELECT count(*) FROM ai_approvals");
    awaitWhileItRuns(consumer, () -> count() >= expected);
    assertThat(count()).isEqualTo(expected);
    assertThat(reminders.count("SELECT count(DISTINCT approval_id) FROM reminder"))
        .isEqualTo(expected);
  }

  private static void awaitWhileItRuns(ChildProcess consumer, Callable<Boolean> condition) {
    await()
        .atMost(PATIENCE)
        .until(
            () -> {
              assertThat(consumer.isAlive()).as(consumer::output).isTrue();
              return condition.call();
            });
  }

  private static void execute(Connection session, String sql) throws SQLException {
    try (var statement = session.createStatement()) {
      statement.execute(sql);
    }
  }
}
