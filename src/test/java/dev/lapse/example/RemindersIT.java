package dev.lapse.example;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.lapse.support.Approvals;
import dev.lapse.support.Command;
import dev.lapse.support.LapseService;
import dev.lapse.support.Servers;
import dev.lapse.support.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.CloseOptions.GroupMembershipOperation;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The example does its work once for each approval that expired, whatever happens to it. */
class RemindersIT {

  private static final String COUNT = "SELECT count(*) FROM reminder";

  private final TestDatabase lapses = TestDatabase.migrated();
  private final TestDatabase reminders = TestDatabase.empty(Servers.postgres());
  private final Approvals approvals = new Approvals(lapses);
  private final String topic = "reminders-" + UUID.randomUUID() + ".expired";
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final List<Instance> instances = new ArrayList<>();
  private final LapseService lapse =
      LapseService.start(
          lapses,
          "--lapse.relay.name=" + topic,
          "--lapse.relay.topics.ApprovalExpired=" + topic,
          "--lapse.relay.checkpoint-interval=100ms",
          "--lapse.kafka.topic-partitions=4");

  @BeforeEach
  void createTables() {
    reminders.execute(Reminders.TABLES);
  }

  @AfterEach
  void stop() throws Exception {
    lapse.close();
    for (Instance instance : instances) {
      instance.stop();
    }
    threads.shutdown();
    assertThat(threads.awaitTermination(1, TimeUnit.MINUTES)).isTrue();
    reminders.close();
    lapses.close();
  }

  @Test
  void aCrashBetweenWorkAndNextPollRepeatsNothing() {
    approvals.due(50);
    Instance first = instance();
    while (count() == 0) {
      first.service.pollOnce();
    }
    first.crash();

    instance().start();

    approvals.due(50);
    awaitAll(100);
  }

  @Test
  void aCrashInTheMiddleOfTheWorkLosesNothing() throws Exception {
    approvals.due(50);
    Instance first = instance();
    try (Connection blocker = blockTheWork()) {
      Future<?> run = threads.submit(first.service::run);
      awaitBlocked(1);

      reminders.execute(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
              + "datname = current_database() AND wait_event_type = 'Lock'");
      assertThatThrownBy(() -> run.get(1, TimeUnit.MINUTES))
          .hasRootCauseInstanceOf(SQLException.class);
      first.crash();
      blocker.rollback();
    }
    assertThat(count()).isZero();

    instance().start();

    awaitAll(50);
  }

  @Test
  void rebalancesInTheMidstOfItRepeatAndLoseNothing() throws Exception {
    approvals.insertSpread(1000, Duration.ofSeconds(10));
    Instance first = instance().start();
    Instance second = instance().start();
    await().atMost(Duration.ofMinutes(1)).until(() -> count() > 100);

    instance().start();
    await().atMost(Duration.ofMinutes(1)).until(() -> count() > 300);
    first.stop();
    await().atMost(Duration.ofMinutes(1)).until(() -> count() > 500);
    second.stop();

    awaitAll(1000);
  }

  /** It was taken for dead, with its work in hand, and is not. */
  @Test
  void twoThatBothThinkTheyOwnAPartitionDoItsWorkOnce() throws Exception {
    approvals.due(50);
    try (Connection blocker = blockTheWork()) {
      instance().start();
      awaitBlocked(1);

      instance().start();
      awaitBlocked(2);

      blocker.rollback();
    }

    awaitAll(50);
    approvals.due(50);
    awaitAll(100);
  }

  @Test
  void whatIsPublishedAgainIsNotDoneAgain() throws Exception {
    approvals.due(50);
    instance().start();
    awaitAll(50);
    long read = reminders.count("SELECT sum(next_offset) FROM partition_read");
    await() // a replay takes nothing that the relay may not have published
        .until(
            () ->
                lapses.count("SELECT max(published_id) FROM relay_checkpoint")
                    == lapses.count("SELECT max(id) FROM outbox"));

    Command replay =
        Command.run(
            lapses,
            "replay",
            "--type=ApprovalExpired",
            "--lapse.relay.name=" + topic,
            "--lapse.relay.topics.ApprovalExpired=" + topic);
    assertThat(replay.exitCode()).as(replay.output()).isZero();

    await()
        .atMost(Duration.ofMinutes(1))
        .until(() -> reminders.count("SELECT sum(next_offset) FROM partition_read") >= read + 50);
    awaitAll(50);
  }

  private long count() {
    return reminders.count(COUNT);
  }

  private void awaitAll(long expected) {
    await().atMost(Duration.ofMinutes(2)).until(() -> count() >= expected);
    assertThat(count()).isEqualTo(expected);
    assertThat(reminders.count("SELECT count(DISTINCT approval_id) FROM reminder"))
        .isEqualTo(expected);
  }

  private Connection blockTheWork() throws Exception {
    Connection session = reminders.connect();
    session.setAutoCommit(false);
    session.createStatement().execute("LOCK TABLE reminder IN SHARE MODE");
    return session;
  }

  private void awaitBlocked(int sessions) {
    await()
        .atMost(Duration.ofMinutes(1))
        .until(
            () ->
                reminders.count(
                        "SELECT count(*) FROM pg_stat_activity WHERE"
                            + " datname = current_database() AND wait_event_type = 'Lock'")
                    == sessions);
  }

  private Instance instance() {
    Instance instance = new Instance();
    instances.add(instance);
    return instance;
  }

  /** As a process would be one, but for the JVM. */
  private final class Instance {

    private final Consumer<String, String> consumer = new KafkaConsumer<>(properties());
    final Reminders service = new Reminders(consumer, topic, reminders.dataSource());
    private final List<Future<?>> runs = new ArrayList<>();
    private boolean closed;

    private Map<String, Object> properties() {
      Map<String, Object> properties =
          new HashMap<>(Reminders.properties(Servers.kafka().bootstrapServers(), topic));
      // The least that brokers allow: so soon it is taken for dead.
      properties.put(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, "6000");
      properties.put(ConsumerConfig.MAX_POLL_INTERVAL_MS_CONFIG, "6000");
      // For a topic that is not there yet.
      properties.put(ConsumerConfig.METADATA_MAX_AGE_CONFIG, "500");
      return properties;
    }

    Instance start() {
      runs.add(threads.submit(service::run));
      return this;
    }

    /** Kafka hears nothing of it. */
    void crash() {
      closed = true;
      consumer.close(
          CloseOptions.timeout(Duration.ZERO)
              .withGroupMembershipOperation(GroupMembershipOperation.REMAIN_IN_GROUP));
    }

    void stop() throws Exception {
      if (!closed) {
        closed = true;
        service.stop();
        for (Future<?> run : runs) {
          run.get(1, TimeUnit.MINUTES);
        }
        service.close();
      }
    }
  }
}
