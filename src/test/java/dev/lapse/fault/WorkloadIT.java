package dev.lapse.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lapse.fault.History.OutboxRow;
import dev.lapse.support.EventConsumer.Event;
import dev.lapse.support.PostgresServer;
import dev.lapse.support.Roles;
import dev.lapse.support.Servers;
import dev.lapse.support.TestDatabase;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the clients remember is true, whenever the database leaves them: with events published as
 * the outbox has them and nobody expiring anything, there is no flaw for the checker to find.
 */
class WorkloadIT {

  private static final Logger log = LoggerFactory.getLogger(WorkloadIT.class);

  private static final long SEED = Long.getLong("lapse.test.seed", System.nanoTime());

  private final TestDatabase database = TestDatabase.migrated();
  private final Operations operations = new Operations();

  @BeforeEach
  void optIn() throws SQLException {
    try (Connection owner = database.connectAs(Roles.OWNER)) {
      Workload.optIn(owner);
    }
  }

  @AfterEach
  void close() {
    database.close();
  }

  @Test
  void remembersWhatWasAnsweredAndWhatWasNot() throws Exception {
    Workload workload = Workload.start(this::session, operations, SEED, 8, 200);
    try (TestDatabase maintenance = TestDatabase.maintenance()) {
      for (int outage = 0; outage < 8; outage++) {
        awaitAcknowledged(20);
        maintenance.refuseConnectionsTo(database);
        pass(50);
        maintenance.allowConnectionsTo(database);
      }
    }
    workload.stop();
    workload.resolvePrepared();

    List<OutboxRow> outbox = Histories.outbox(database.jdbc());
    List<Event> events = outbox.stream().map(row -> row.event("topic", 0, row.id())).toList();
    Verdict verdict = Checker.judge(Histories.read(database.jdbc(), operations, events));
    log.info("Judged seed={} {} operations {}", SEED, verdict.summary(), operations);
    assertThat(verdict.isFlawless()).as("seed %d: %s", SEED, verdict).isTrue();
    assertThat(verdict.acknowledged()).isGreaterThan(100);
    assertThat(Audit.findings(database.jdbc())).as("seed %d", SEED).isEmpty();
  }

  /** Not from a pool, which would have its own opinion on broken sessions. */
  private Connection session() throws SQLException {
    PostgresServer server = Servers.postgres();
    return DriverManager.getConnection(database.url(), server.user(), server.password());
  }

  /** However slow the machine is: so many more. */
  private void awaitAcknowledged(int more) {
    long enough = acknowledged() + more;
    await().atMost(Duration.ofMinutes(1)).until(() -> acknowledged() >= enough);
  }

  private long acknowledged() {
    return operations.all().stream()
        .filter(operation -> operation.outcome() == Operations.Outcome.OK)
        .count();
  }

  private static void pass(int millis) throws InterruptedException {
    boolean unused = new CountDownLatch(1).await(millis, TimeUnit.MILLISECONDS);
  }
}
