package dev.lapse.expiration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lapse.support.Approvals;
import dev.lapse.support.Golden;
import dev.lapse.support.Roles;
import dev.lapse.support.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;

/**
 * An approval that is pending past its deadline expires once, together with its outbox record or
 * not at all; an approver who holds it is neither waited for nor overruled.
 */
class SweepIT {

  /** Any number: sessions that meet at a trigger of the test's, which waits for this lock. */
  private static final long GATE = 4711;

  private final TestDatabase database = TestDatabase.migrated();
  private final Approvals approvals = new Approvals(database);
  private final ExecutorService thread = Executors.newSingleThreadExecutor();
  private SingleConnectionDataSource session;
  private Sweep sweep;

  @BeforeEach
  void openASessionThatFailsRatherThanWait() {
    session = new SingleConnectionDataSource(database.connectAs(Roles.SERVICE), true);
    JdbcClient jdbc = JdbcClient.create(session);
    jdbc.sql("SET lock_timeout = '1min'").update();
    sweep = Sweeps.of(jdbc, 10);
  }

  @AfterEach
  void close() {
    thread.shutdownNow();
    session.destroy();
    database.close();
  }

  @Test
  void expiresWhatIsDueAndNothingElse() {
    UUID due = approvals.due();
    UUID notDue = approvals.notDue(1).get(0);
    UUID approved = approvals.due();
    database.execute("UPDATE ai_approvals SET status = 'approved'" + where(approved));

    assertThat(sweep.run().expired()).isEqualTo(1);

    assertThat(approvals.status(due)).isEqualTo("expired");
    assertThat(approvals.status(notDue)).isEqualTo("pending");
    assertThat(approvals.status(approved)).isEqualTo("approved");
    assertThat(recorded()).containsExactly(due);
  }

  @Test
  void tellsOfNothingThatATriggerKeptFromExpiring() {
    UUID kept = approvals.due();
    UUID due = approvals.due();
    database.execute(
        """
        CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS
          'BEGIN NEW.status := OLD.status; RETURN NEW; END';
        CREATE TRIGGER keep BEFORE UPDATE ON ai_approvals
          FOR EACH ROW WHEN (OLD.id = '%s') EXECUTE FUNCTION keep();
        """
            .formatted(kept));

    assertThat(sweep.run().expired()).isEqualTo(1);
    assertThat(sweep.run().expired()).isZero();

    assertThat(approvals.status(kept)).isEqualTo("pending");
    assertThat(recorded()).containsExactly(due);
  }

  @Test
  void goesOnBatchByBatchUntilNothingIsDue() {
    approvals.due(25);
    assertThat(sweep.run().expired()).isEqualTo(25);

    approvals.due(20);
    assertThat(sweep.run().expired()).isEqualTo(20);

    assertThat(sweep.count()).isZero();
    assertThat(recorded()).hasSize(45).doesNotHaveDuplicates();
  }

  @Test
  void expiresTheLongestDueFirst() {
    List<UUID> later = approvals.insert(12, "-1 minute");
    List<UUID> earlier = approvals.insert(12, "-2 minutes");

    sweep.run();

    assertThat(recorded().subList(0, 12)).isEqualTo(earlier);
    assertThat(recorded().subList(12, 24)).isEqualTo(later);
  }

  @Test
  void skipsWhatAnApproverHoldsAndDoesNotWaitForHim() throws Exception {
    List<UUID> due = approvals.due(3);

    try (Connection approver = database.connect()) {
      approver.setAutoCommit(false);
      decideLate(approver, due.get(1));
      assertThat(sweep.run().expired()).isEqualTo(2);
      approver.commit();
    }

    assertThat(sweep.run().expired()).isZero();
    assertThat(approvals.status(due.get(1))).isEqualTo("approved");
    assertThat(recorded()).containsExactly(due.get(0), due.get(2));
  }

  @Test
  void expiresLaterWhatAnApproverHeldAndLetGo() throws Exception {
    UUID due = approvals.due();

    try (Connection approver = database.connect()) {
      approver.setAutoCommit(false);
      decideLate(approver, due);
      assertThat(sweep.run().expired()).isZero();
      approver.rollback();
    }

    assertThat(sweep.run().expired()).isEqualTo(1);
    assertThat(recorded()).containsExactly(due);
  }

  @Test
  void doesNotSkipAnApprovalWhileARowThatReferencesItIsInserted() throws Exception {
    database.execute("CREATE TABLE comments (approval uuid REFERENCES ai_approvals, text text)");
    UUID due = approvals.due();

    try (Connection commenter = database.connect()) {
      commenter.setAutoCommit(false);
      execute(commenter, "INSERT INTO comments VALUES ('" + due + "', 'Looks risky')");
      assertThat(sweep.run().expired()).isEqualTo(1);
      commenter.commit();
    }

    assertThat(approvals.status(due)).isEqualTo("expired");
  }

  @Test
  void leavesAnExtendedApprovalPending() {
    UUID id = approvals.due();
    database.execute("UPDATE ai_approvals SET expires_at = now() + interval '1 hour'");

    assertThat(sweep.run().expired()).isZero();

    assertThat(approvals.status(id)).isEqualTo("pending");
  }

  /**
   * Decided, extended and merely touched after the statement began: when it comes to lock them, its
   * snapshot still sees all of them as they were.
   */
  @Test
  void goesByTheNewestRowWhateverItsSnapshotSees() throws Exception {
    List<UUID> due = approvals.due(5);
    createPassGate();
    database.execute(
        """
        CREATE SCHEMA gated;
        GRANT USAGE ON SCHEMA gated TO lapse_service;
        CREATE FUNCTION gated.now() RETURNS timestamptz LANGUAGE sql VOLATILE
            AS $$ SELECT pg_catalog.now() FROM public.pass_gate() $$
        """);
    JdbcClient.create(session).sql("SET search_path = gated, pg_catalog, public").update();

    Future<Long> expired;
    try (Connection gatekeeper = closeGate()) {
      expired = thread.submit(() -> sweep.run().expired());
      awaitSomebodyAtTheGate();
      execute(gatekeeper, "UPDATE ai_approvals SET status = 'approved'" + where(due.get(1)));
      execute(
          gatekeeper,
          "UPDATE ai_approvals SET expires_at = now() + interval '1 hour'" + where(due.get(2)));
      execute(gatekeeper, "UPDATE ai_approvals SET action = 'rollback'" + where(due.get(3)));
      openGate(gatekeeper);
    }

    assertThat(expired.get(1, TimeUnit.MINUTES)).isEqualTo(3);
    assertThat(due.stream().map(approvals::status))
        .containsExactly("expired", "approved", "pending", "expired", "expired");
    assertThat(recorded()).containsExactly(due.get(0), due.get(3), due.get(4));
  }

  @Test
  void sharesTheWorkWithAnotherSweeper() throws Exception {
    approvals.due(25);
    gateTheOutbox();

    Future<Long> first;
    try (Connection gatekeeper = closeGate()) {
      first = thread.submit(() -> sweep.run().expired());
      awaitSomebodyAtTheGate();
      // The first stands at the gate with its batch; whoever holds the gate himself may pass.
      Sweep second =
          Sweeps.of(JdbcClient.create(new SingleConnectionDataSource(gatekeeper, true)), 10);
      assertThat(second.run().expired()).isEqualTo(15);
      openGate(gatekeeper);
    }

    assertThat(first.get(1, TimeUnit.MINUTES)).isEqualTo(10);
    assertThat(recorded()).hasSize(25).doesNotHaveDuplicates();
    assertThat(database.count("SELECT count(*) FROM ai_approvals WHERE version = 2")).isEqualTo(25);
  }

  @Test
  void leavesNoTraceOfABatchWhoseSessionDied() throws Exception {
    approvals.due(5);
    gateTheOutbox();

    try (Connection gatekeeper = closeGate()) {
      Future<Long> dying = thread.submit(() -> sweep.run().expired());
      execute(gatekeeper, "SELECT pg_terminate_backend(" + awaitSomebodyAtTheGate() + ")");
      assertThatThrownBy(() -> dying.get(1, TimeUnit.MINUTES))
          .isInstanceOf(ExecutionException.class)
          .hasCauseInstanceOf(DataAccessException.class);
      openGate(gatekeeper);
    }

    Sweep successor = Sweeps.of(database.serviceJdbc(), 10);
    assertThat(successor.count()).isEqualTo(5);
    assertThat(recorded()).isEmpty();
    assertThat(successor.run().expired()).isEqualTo(5);
    assertThat(recorded()).hasSize(5).doesNotHaveDuplicates();
  }

  @Test
  void leavesNoTraceOfABatchWhoseRecordsCannotBeKept() {
    approvals.due(5);
    database.execute(
        """
        CREATE FUNCTION fill_up() RETURNS trigger LANGUAGE plpgsql AS
          $$ BEGIN RAISE 'no space left' USING ERRCODE = 'disk_full'; END $$;
        CREATE TRIGGER fill_up BEFORE INSERT ON outbox
          FOR EACH ROW WHEN (NEW.id >= 3) EXECUTE FUNCTION fill_up();
        """);

    assertThatThrownBy(() -> sweep.run()).isInstanceOf(DataAccessException.class);

    assertThat(sweep.count()).isEqualTo(5);
    assertThat(recorded()).isEmpty();
  }

  @Test
  void recordsWhatHappenedInUtcToTheMicrosecond() {
    JdbcClient jdbc = JdbcClient.create(session);
    jdbc.sql("SET timezone = 'Asia/Kolkata'").update();
    UUID id = approvals.due();
    database.execute(
        "UPDATE ai_approvals SET version = 7, expires_at = '2026-01-02 03:04:05.000600+01'");

    sweep.run();

    String expiredAt =
        jdbc.sql(
                """
                SELECT to_char(executed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
                FROM ai_approvals
                """)
            .query(String.class)
            .single();
    assertThat(
            jdbc.sql("SELECT type || ' ' || key || ' ' || payload FROM outbox")
                .query(String.class)
                .single())
        .isEqualTo(
            ("ApprovalExpired %s {\"approvalId\":\"%s\",\"previousStatus\":\"pending\","
                    + "\"status\":\"expired\",\"version\":8,"
                    + "\"expiresAt\":\"2026-01-02T02:04:05.000600Z\",\"expiredAt\":\"%s\"}")
                .formatted(id, id, expiredAt));
    assertThat(
            database.count(
                """
                SELECT count(*) FROM outbox JOIN ai_approvals ON occurred_at = executed_at
                WHERE version = 8 AND topic IS NULL AND headers IS NULL
                """))
        .isEqualTo(1);
  }

  @Test
  void recordsTheGoldenMessage() {
    Golden golden = Golden.read("approval-expired");
    database.execute(
        """
        INSERT INTO ai_approvals (id, requested_by, action, expires_at)
        VALUES ('%s', 'agent', 'deploy', '%s')
        """
            .formatted(golden.key(), golden.field("expiresAt")));

    sweep.run();

    String payload = database.jdbc().sql("SELECT payload FROM outbox").query(String.class).single();
    String expiredAt = payload.substring(payload.length() - 29, payload.length() - 2);
    assertThat(payload).isEqualTo(golden.value().replace(golden.field("expiredAt"), expiredAt));
    assertThat(Instant.parse(expiredAt)).isAfter(Instant.parse(golden.field("expiresAt")));
  }

  /** A session whose now() is not this machine's. */
  @Test
  void goesByTheDatabasesClock() {
    UUID due = approvals.insert(1, "-30 minutes").get(0);
    UUID notDue = approvals.insert(1, "30 minutes").get(0);
    database.execute("DROP TRIGGER ai_approvals_not_due ON ai_approvals");
    database.execute(
        """
        CREATE SCHEMA slow;
        CREATE FUNCTION slow.now() RETURNS timestamptz LANGUAGE sql STABLE
            AS $$ SELECT pg_catalog.now() - interval '1 hour' $$;
        CREATE SCHEMA fast;
        CREATE FUNCTION fast.now() RETURNS timestamptz LANGUAGE sql STABLE
            AS $$ SELECT pg_catalog.now() + interval '1 hour' $$;
        GRANT USAGE ON SCHEMA slow, fast TO lapse_service;
        """);
    JdbcClient jdbc = JdbcClient.create(session);

    jdbc.sql("SET search_path = slow, pg_catalog, public").update();
    assertThat(sweep.run().expired()).isZero();

    jdbc.sql("SET search_path = fast, pg_catalog, public").update();
    assertThat(sweep.run().expired()).isEqualTo(2);
    assertThat(recorded()).containsExactly(due, notDue);
  }

  /** Such deadlines are other people's tables' way to say always, or never. */
  @Test
  void copesWithDeadlinesBeyondReckoning() {
    database.execute("ALTER TABLE ai_approvals DROP CONSTRAINT ai_approvals_expires_at");
    database.execute("ALTER TABLE ai_approvals ALTER expires_at DROP NOT NULL");
    List<UUID> due = approvals.due(2);
    List<UUID> never = approvals.due(3);
    moveDeadline(due.get(0), "'-infinity'");
    moveDeadline(due.get(1), "'0044-03-15 BC'");
    moveDeadline(never.get(0), "'9999-12-31'");
    moveDeadline(never.get(1), "'infinity'");
    moveDeadline(never.get(2), "NULL");

    Swept swept = sweep.run();

    assertThat(swept.expired()).isEqualTo(2);
    assertThat(swept.lateness()).isBetween(days(36_500), days(36_525));
    assertThat(recorded()).isEqualTo(due);
    assertThat(
            database
                .jdbc()
                .sql("SELECT payload ->> 'expiresAt' FROM outbox")
                .query(String.class)
                .list())
        .containsOnly("0001-01-01T00:00:00.000000Z");
  }

  private static Duration days(long days) {
    return Duration.ofDays(days);
  }

  @Test
  void tellsHowLateItWas() {
    approvals.insert(1, "-1 hour");
    approvals.insert(20, "-1 second");

    Swept swept = sweep.run();

    assertThat(swept.lateness()).isBetween(days(1).dividedBy(24), days(1).dividedBy(12));
  }

  @Test
  void countsAndListsWhatItWouldExpire() {
    List<UUID> due = approvals.due(3);
    approvals.notDue(2);

    assertThat(sweep.count()).isEqualTo(3);
    assertThat(sweep.list(2))
        .hasSize(2)
        .satisfies(lines -> assertThat(lines.get(0)).startsWith(due.get(0) + " due since "))
        .satisfies(lines -> assertThat(lines.get(1)).startsWith(due.get(1) + " due since "));
    assertThat(recorded()).isEmpty();
  }

  /** Approvals in the order of their records. */
  private List<UUID> recorded() {
    return database.jdbc().sql("SELECT key::uuid FROM outbox ORDER BY id").query(UUID.class).list();
  }

  /** As an old client does who does not look at the deadline: the sweep must bear with it. */
  private static void decideLate(Connection approver, UUID id) throws SQLException {
    execute(approver, "UPDATE ai_approvals SET status = 'approved'" + where(id));
  }

  private void moveDeadline(UUID id, String deadline) {
    database.execute("UPDATE ai_approvals SET expires_at = " + deadline + where(id));
  }

  private static String where(UUID id) {
    return " WHERE status = 'pending' AND id = '" + id + "'";
  }

  /** A function that waits while somebody else holds the gate closed. */
  private void createPassGate() {
    database.execute(
        """
        CREATE FUNCTION pass_gate() RETURNS void LANGUAGE sql
            AS 'SELECT pg_advisory_xact_lock_shared(%d)'
        """
            .formatted(GATE));
  }

  /** Makes whoever records an expiry wait there, with his batch locked. */
  private void gateTheOutbox() {
    createPassGate();
    database.execute(
        """
        CREATE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql
            AS 'BEGIN PERFORM pass_gate(); RETURN NULL; END';
        CREATE TRIGGER gate BEFORE INSERT ON outbox EXECUTE FUNCTION wait_at_gate()
        """);
  }

  private Connection closeGate() throws SQLException {
    Connection gatekeeper = database.connect();
    execute(gatekeeper, "SELECT pg_advisory_lock(" + GATE + ")");
    return gatekeeper;
  }

  private static void openGate(Connection gatekeeper) throws SQLException {
    execute(gatekeeper, "SELECT pg_advisory_unlock(" + GATE + ")");
  }

  /** Returns the process id of the session that waits. */
  private int awaitSomebodyAtTheGate() {
    long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
    while (System.nanoTime() - deadline < 0) {
      List<Integer> waiting =
          database
              .jdbc()
              .sql("SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
              .query(Integer.class)
              .list();
      if (!waiting.isEmpty()) {
        return waiting.get(0);
      }
    }
    throw new AssertionError("nobody came to the gate within a minute");
  }

  private static void execute(Connection session, String sql) throws SQLException {
    try (Statement statement = session.createStatement()) {
      statement.execute(sql);
    }
  }
}
