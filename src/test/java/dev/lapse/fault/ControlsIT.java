package dev.lapse.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lapse.Lapse;
import dev.lapse.deadline.ReminderCron;
import dev.lapse.expiration.Sweep;
import dev.lapse.expiration.SweepForTests;
import dev.lapse.loop.Loop;
import dev.lapse.loop.Step;
import dev.lapse.support.KafkaChanges;
import dev.lapse.support.Leftovers;
import dev.lapse.support.Roles;
import dev.lapse.support.Servers;
import dev.lapse.support.TestDatabase;
import java.sql.Connection;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.NewTopic;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.SpringApplication;
import org.springframework.context.ConfigurableApplicationContext;

/**
 * The checker finds what is wrong with relays and crons that are wrong, and nothing wrong with
 * Lapse, all under the same workload.
 *
 * <p>{@code -Dlapse.test.seed=…} repeats the clients' choices, though not the scheduler's.
 */
class ControlsIT {

  private static final Logger log = LoggerFactory.getLogger(ControlsIT.class);

  private static final long SEED = Long.getLong("lapse.test.seed", System.nanoTime());
  private static final Duration LENGTH = Duration.ofSeconds(4);
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final int CLIENTS = 8;
  private static final int PER_SECOND = 120;

  private final TestDatabase database = TestDatabase.migrated();
  private final String name = "controls-" + UUID.randomUUID();
  private final Map<String, String> topics = Workload.topics(name);
  private final Operations operations = new Operations();
  private final List<AutoCloseable> opened = new ArrayList<>();

  @BeforeEach
  void optIn() throws Exception {
    try (Connection owner = database.connectAs(Roles.OWNER)) {
      Workload.optIn(owner);
    }
  }

  @AfterEach
  void stop() throws Exception {
    for (AutoCloseable resource : opened) {
      resource.close();
    }
    database.close();
    // The service has set them for the whole process.
    for (String name : List.of("dev.lapse.expiration", "dev.lapse.deadline")) {
      ((ch.qos.logback.classic.Logger) LoggerFactory.getLogger(name)).setLevel(null);
    }
  }

  private <T extends AutoCloseable> T opened(T resource) {
    opened.add(0, resource);
    return resource;
  }

  @Test
  void findsNothingWrongWithLapse() throws Exception {
    Receiver receiver = receiver();
    ConfigurableApplicationContext lapse = lapse(true);

    work();
    awaitLapsed();
    awaitTold();
    awaitPublished(receiver);
    lapse.close();

    Verdict verdict = judge(receiver);
    assertThat(verdict.isFlawless()).as("seed %d: %s", SEED, verdict).isTrue();
    assertThat(Audit.findings(database.jdbc())).as("seed %d", SEED).isEmpty();
    // Or the workload was too tame to show anything.
    assertThat(verdict.acknowledged()).isGreaterThan(200);
    assertThat(verdict.committed()).isGreaterThan(500);
    assertThat(operations.count(Operations.Outcome.FAILED)).isPositive();
    assertThat(database.count("SELECT count(*) FROM ai_approvals WHERE status = 'expired'"))
        .isGreaterThan(50);
    assertThat(database.count("SELECT count(*) FROM outbox WHERE type = 'ApprovalEscalated'"))
        .isGreaterThan(20);
    assertThat(database.count("SELECT count(*) FROM late_decision")).isPositive();
    assertThat(database.count("SELECT count(*) FROM extension WHERE moved > 0")).isPositive();
  }

  @Test
  void findsWhatARelayThatGoesByIdAloneLoses() throws Exception {
    createTopics();
    Receiver receiver = receiver();
    ConfigurableApplicationContext lapse = lapse(false);
    PlainPublisher publisher = opened(publisher());
    NaiveRelay relay = new NaiveRelay(database.jdbc(), publisher::send);

    during(relay, this::work);
    awaitLapsed();
    awaitTold();
    lapse.close();
    relay.runOnce();
    publisher.flush();

    Verdict verdict = judge(receiver);
    assertThat(verdict.lost()).as(nothing(verdict)).isPositive();
    assertThat(verdict.duplicate()).as("%s", verdict).isZero();
    assertThat(verdict.phantom()).as("%s", verdict).isZero();
    assertThat(verdict.wronglyExpired()).as("%s", verdict).isZero();
    assertThat(verdict.wrongVersion()).as("%s", verdict).isZero();
  }

  @Test
  void findsWhatARelayThatMarksAfterSendingRepeats() throws Exception {
    createTopics();
    Receiver receiver = receiver();
    ConfigurableApplicationContext lapse = lapse(false);
    MarkingRelay relay = new MarkingRelay(database.jdbc(), opened(publisher()));

    during(
        relay,
        () -> {
          work();
          awaitLapsed();
          awaitTold();
          awaitPublished(receiver);
        });
    lapse.close();

    Verdict verdict = judge(receiver);
    assertThat(verdict.duplicate()).as(nothing(verdict)).isPositive();
    assertThat(verdict.lost()).as("%s", verdict).isZero();
    assertThat(verdict.phantom()).as("%s", verdict).isZero();
    assertThat(verdict.wronglyExpired()).as("%s", verdict).isZero();
    assertThat(verdict.wrongVersion()).as("%s", verdict).isZero();
  }

  @Test
  void findsWhatTheOldCronTakesBack() throws Exception {
    database.execute(
        "DROP TRIGGER ai_approvals_final ON ai_approvals;"
            + "DROP TRIGGER ai_approvals_not_due ON ai_approvals");

    during(
        new OldCron(database.jdbc()),
        () -> {
          work();
          awaitLapsed();
        });

    Verdict verdict = Checker.judge(Histories.read(database.jdbc(), operations, List.of()));
    log.info("Judged seed={} {}", SEED, verdict.summary());
    assertThat(verdict.wronglyExpired()).as(nothing(verdict)).isPositive();
    assertThat(Audit.findings(database.jdbc())).isNotEmpty();
  }

  @Test
  void findsWhatAReminderCronTellsTooLate() throws Exception {
    Sweep sweep = SweepForTests.of(database.serviceJdbc(), 50);

    during(
        () -> {
          sweep.run();
          return Duration.ofMillis(5);
        },
        () ->
            during(
                new ReminderCron(database.jdbc(), "1s"),
                () -> {
                  work();
                  awaitLapsed();
                }));

    Verdict verdict =
        Checker.judge(
            Histories.read(database.jdbc(), operations, List.of()).ladder(List.of("1s:remind")));
    log.info("Judged seed={} {}", SEED, verdict.summary());
    assertThat(verdict.wronglyReminded()).as(nothing(verdict)).isPositive();
    assertThat(verdict.wronglyExpired()).as("%s", verdict).isZero();
    assertThat(verdict.wrongVersion()).as("%s", verdict).isZero();
  }

  private static String nothing(Verdict verdict) {
    return "seed %d: a control that does nothing wrong controls nothing: %s"
        .formatted(SEED, verdict);
  }

  /** The workload, from its start until it has ended. */
  private void work() throws Exception {
    Workload workload =
        Workload.start(database.dataSource()::getConnection, operations, SEED, CLIENTS, PER_SECOND);
    boolean unused = new CountDownLatch(1).await(LENGTH.toMillis(), TimeUnit.MILLISECONDS);
    workload.stop();
    workload.resolvePrepared();
  }

  @FunctionalInterface
  private interface Part {
    void play() throws Exception;
  }

  private static void during(Step step, Part part) throws Exception {
    Loop loop = new Loop("control", step);
    loop.start();
    try {
      part.play();
    } finally {
      loop.stop();
    }
  }

  /** Until everything is expired that falls due before long. */
  private void awaitLapsed() {
    awaitNone(
        "ai_approvals WHERE status = 'pending' AND expires_at < now() + interval '10 minutes'");
  }

  /** Until everybody is told of the steps that come before long. */
  private void awaitTold() {
    awaitNone("next_step WHERE fire_at < now() + interval '10 minutes'");
  }

  private void awaitNone(String from) {
    await().atMost(PATIENCE).until(() -> database.count("SELECT count(*) FROM " + from) == 0);
  }

  /** If something is not, the verdict tells what. */
  private void awaitPublished(Receiver receiver) throws InterruptedException {
    Set<String> missing = new HashSet<>();
    Histories.outbox(database.jdbc()).forEach(row -> missing.add(row.eventId()));
    boolean unused =
        receiver.await(
            events -> {
              events.forEach(event -> missing.remove(event.id()));
              return missing.isEmpty();
            },
            PATIENCE);
  }

  /** When nobody publishes any more. */
  private Verdict judge(Receiver receiver) throws InterruptedException {
    assertThat(receiver.awaitEnd(PATIENCE)).isTrue();
    Verdict verdict =
        Checker.judge(
            Histories.read(database.jdbc(), operations, receiver.received())
                .settledTo(Instant.now()));
    log.info("Judged seed={} {}", SEED, verdict.summary());
    return verdict;
  }

  private Receiver receiver() {
    return opened(
        Receiver.start(Servers.kafka().bootstrapServers(), new HashSet<>(topics.values())));
  }

  private PlainPublisher publisher() {
    return new PlainPublisher(Servers.kafka().bootstrapServers(), topics);
  }

  private void createTopics() throws Exception {
    try (Admin admin =
        Admin.create(
            Map.of(
                AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, Servers.kafka().bootstrapServers()))) {
      KafkaChanges.create(
          admin,
          topics.values().stream()
              .distinct()
              .map(topic -> new NewTopic(topic, 3, (short) 1))
              .toArray(NewTopic[]::new));
    }
  }

  /** The service, in this process; with its relay or only to expire. */
  private ConfigurableApplicationContext lapse(boolean relays) {
    List<String> args =
        new ArrayList<>(
            List.of(
                "--spring.datasource.url=" + database.url(),
                "--spring.datasource.username=" + database.serviceUser(),
                "--spring.datasource.password=" + database.servicePassword(),
                "--lapse.kafka.bootstrap-servers=" + Servers.kafka().bootstrapServers(),
                "--lapse.kafka.topic-replication=1",
                "--lapse.relay.name=" + name,
                "--lapse.relay.enabled=" + relays,
                "--server.address=localhost",
                "--server.port=0",
                "--server.tomcat.basedir=" + Leftovers.directory("tomcat-of-controls-"),
                "--logging.config=classpath:logback-test.xml",
                "--logging.level.dev.lapse.expiration=warn",
                "--logging.level.dev.lapse.deadline=warn"));
    topics.forEach((type, topic) -> args.add("--lapse.relay.topics." + type + "=" + topic));
    Workload.SETTINGS.forEach((setting, value) -> args.add("--" + setting + "=" + value));
    return opened(
        SpringApplication.from(Lapse::main)
            .run(args.toArray(String[]::new))
            .getApplicationContext());
  }
}
