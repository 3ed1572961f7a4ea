package dev.lapse.operations.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lapse.support.Approvals;
import dev.lapse.support.EventConsumer;
import dev.lapse.support.LapseService;
import dev.lapse.support.Outbox;
import dev.lapse.support.Servers;
import dev.lapse.support.TestDatabase;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.Set;
import java.util.UUID;
import org.awaitility.core.ThrowingRunnable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a running service tells Prometheus, and that it is what the table says. */
class MetricsIT {

  private final TestDatabase database = TestDatabase.migrated();
  private final String name = "metrics-" + UUID.randomUUID();

  @AfterEach
  void closeDatabase() {
    database.close();
  }

  @Test
  void areThoseOfTheTableAndNoOthers() {
    try (LapseService service = start()) {
      eventually(
          () ->
              assertThat(MetricsTable.of(scrape(service)))
                  .isEqualTo(MetricsTable.documented())
                  .hasSizeGreaterThan(20));
    }
  }

  @Test
  void tellWhatWasExpiredAndPublishedAndHowFast() throws Exception {
    new Approvals(database).due(20);

    try (LapseService service = start();
        EventConsumer consumer =
            EventConsumer.ofTopics(Servers.kafka().bootstrapServers(), Set.of(name + ".expired"))) {
      consumer.await(20);

      eventually(
          () ->
              assertThat(scrape(service))
                  .contains("lapse_expired_total 20.0", "lapse_published_total 20.0")
                  .contains("lapse_expiration_lateness_seconds_count 1")
                  .contains("lapse_expiration_sweep_seconds_count 1")
                  // Of each event, and none of them can have waited longer than this test.
                  .contains("lapse_publish_latency_seconds_count 20")
                  .contains("lapse_publish_latency_seconds_bucket{le=\"300.0\"} 20")
                  .contains("lapse_relay_page_records_sum 20")
                  .contains("lapse_relay_leading 1.0", "lapse_database_up 1.0")
                  .contains("lapse_backlog 0.0", "lapse_overdue_seconds 0.0"));
    }
  }

  /** A transaction that holds a record back: it is a straggler once it commits. */
  @Test
  void tellOfStragglersAndOfWhatHoldsThemBack() throws Exception {
    Outbox outbox = new Outbox(database);
    try (LapseService service = start();
        EventConsumer consumer =
            EventConsumer.ofTopics(Servers.kafka().bootstrapServers(), Set.of(name + ".noted"));
        Connection late = database.connect();
        Statement statement = late.createStatement()) {
      late.setAutoCommit(false);
      statement.execute("SET application_name = 'a backfill'");
      statement.execute("INSERT INTO outbox (type, key, payload) VALUES ('Noted', 'late', '{}')");
      outbox.append(2, "a");
      consumer.await(2);

      eventually(
          () -> {
            assertThat(value(service, "lapse_oldest_transaction_seconds")).isGreaterThan(1);
            assertThat(service.get("/actuator/health/watch").body())
                // The service's role may not know what others do: only that they are there.
                .contains("\"longTransaction\"", "\"a backfill\"", "\"hidden\"")
                .contains("\"status\":\"UP\"");
            assertThat(service.output())
                .containsOnlyOnce("Long transaction holds back vacuum")
                .contains("application=\"a backfill\"")
                .doesNotContain("INSERT");
          });
      late.commit();
      consumer.await(3);

      eventually(
          () -> {
            assertThat(value(service, "lapse_stragglers_total")).isEqualTo(1);
            assertThat(value(service, "lapse_oldest_transaction_seconds")).isZero();
            assertThat(service.get("/actuator/health/watch").body())
                .doesNotContain("longTransaction");
          });
    }
  }

  @Test
  void tellWhatIsOverdueAndWhatPiledUp() {
    new Approvals(database).insert(3, "-1 hour");
    new Outbox(database).append(7, "a");
    database.execute("INSERT INTO pause (part, reason) VALUES ('expiration', 'a test')");
    database.execute("INSERT INTO pause (part, reason) VALUES ('relay', 'a test')");

    try (LapseService service = start()) {
      eventually(
          () -> {
            assertThat(value(service, "lapse_overdue_seconds")).isBetween(3500.0, 7200.0);
            assertThat(scrape(service))
                .contains("lapse_due 3.0", "lapse_pending 3.0", "lapse_backlog 7.0")
                .contains("lapse_paused{part=\"expiration\"} 1.0")
                .contains("lapse_paused{part=\"relay\"} 1.0")
                .contains("lapse_storm_guard_tripped 0.0");
            assertThat(value(service, "lapse_backlog_oldest_seconds")).isPositive();
            assertThat(value(service, "lapse_outbox_oldest_seconds")).isPositive();
            assertThat(value(service, "lapse_outbox_bytes")).isPositive();
          });
    }
  }

  @Test
  void areScrapedAtOnceAndAreNotANumberWhileTheDatabaseIsAway() {
    try (LapseService service = start();
        TestDatabase maintenance = TestDatabase.maintenance()) {
      eventually(() -> assertThat(value(service, "lapse_database_up")).isOne());

      maintenance.refuseConnectionsTo(database);

      eventually(
          () -> {
            long begin = System.nanoTime();
            String scrape = scrape(service);
            assertThat(Duration.ofNanos(System.nanoTime() - begin))
                .as("no wait for a connection, which takes 10 s")
                .isLessThan(Duration.ofSeconds(5));
            assertThat(scrape)
                .contains("lapse_database_up 0.0", "lapse_backlog NaN", "lapse_overdue_seconds NaN")
                .contains("lapse_loop_failing{loop=\"expiration\"} 1.0")
                .contains("lapse_loop_failing{loop=\"watch\"} 1.0");
            assertThat(value(service, "lapse_loop_failures_total{loop=\"expiration\"}"))
                .isPositive();
          });
      maintenance.allowConnectionsTo(database);

      eventually(
          () ->
              assertThat(scrape(service))
                  .contains("lapse_database_up 1.0", "lapse_backlog 0.0")
                  .contains("lapse_loop_failing{loop=\"expiration\"} 0.0"));
    }
  }

  private LapseService start() {
    return LapseService.start(
        database,
        "--lapse.relay.name=" + name,
        "--lapse.relay.topics.ApprovalExpired=" + name + ".expired",
        "--lapse.relay.topics.Noted=" + name + ".noted",
        "--lapse.watch.interval=1s",
        "--lapse.watch.long-transaction=1s");
  }

  private static String scrape(LapseService service) {
    return service.get("/actuator/prometheus").body();
  }

  private static double value(LapseService service, String series) {
    return scrape(service)
        .lines()
        .filter(line -> line.startsWith(series + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(series.length() + 1)))
        .findFirst()
        .orElseThrow();
  }

  private static void eventually(ThrowingRunnable assertion) {
    await().atMost(Duration.ofMinutes(2)).ignoreExceptions().untilAsserted(assertion);
  }
}
