package dev.lapse.expiration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.lapse.pause.Part;
import dev.lapse.pause.Pauses;
import dev.lapse.support.Approvals;
import dev.lapse.support.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * An approval that the database does not let expire, for a constraint or a trigger of your own,
 * stays pending and is named; all others expire on time.
 */
class RefusedIT {

  private final TestDatabase database = TestDatabase.migrated();
  private final Approvals approvals = new Approvals(database);
  private long now;
  private final Sweep sweep = sweep(10);

  @AfterEach
  void close() {
    database.close();
  }

  @Test
  void namesTheOneThatViolatesAConstraintAndExpiresAllOthers() {
    List<UUID> due = approvals.due(25);
    approvals.notDue(3);
    change(due.get(12), "requested_by = ''");
    database.execute(
        "ALTER TABLE ai_approvals ADD CONSTRAINT somebody CHECK (requested_by <> '') NOT VALID");

    Swept swept = sweep.run();

    assertThat(swept.expired()).isEqualTo(24);
    assertThat(swept.refused())
        .containsExactly(
            new Refusal(
                due.get(12).toString(),
                "ERROR: new row for relation \"ai_approvals\" violates check constraint"
                    + " \"somebody\""));
    assertAllExpiredBut(due, due.get(12));
  }

  @Test
  void namesTheOneWhoseVersionIsAtItsEnd() {
    database.execute("ALTER TABLE ai_approvals ALTER version TYPE smallint");
    List<UUID> due = approvals.due(5);
    change(due.get(4), "version = 32767");

    assertThat(sweep.run().refused())
        .containsExactly(new Refusal(due.get(4).toString(), "ERROR: smallint out of range"));
    assertAllExpiredBut(due, due.get(4));
  }

  @Test
  void namesAllThatATriggerRefusesWhereverTheyAre() {
    List<UUID> due = approvals.due(100);
    refuse("P0001");
    List<UUID> refused =
        Stream.of(0, 1, 2, 30, 31, 55, 90, 98, 99).map(due::get).peek(this::mark).toList();

    Swept swept = sweep.run();

    assertThat(ids(swept.refused())).containsExactlyElementsOf(texts(refused));
    assertAllExpiredBut(due, refused.toArray(UUID[]::new));
  }

  /** The statement has succeeded by then, and fails nevertheless. */
  @Test
  void namesTheOneThatIsRefusedAtItsCommit() {
    List<UUID> due = approvals.due(20);
    mark(due.get(7));
    refuse("23514");
    database.execute(
        """
        DROP TRIGGER refuse ON ai_approvals;
        CREATE CONSTRAINT TRIGGER refuse AFTER UPDATE ON ai_approvals
          DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
          WHEN (NEW.action = 'refused' AND NEW.status = 'expired') EXECUTE FUNCTION refuse();
        """);

    assertThat(ids(sweep.run().refused())).containsExactly(due.get(7).toString());
    assertAllExpiredBut(due, due.get(7));
  }

  /** A privilege, a name, a size, damage: it may befall any row, and here befalls some. */
  @ParameterizedTest
  @ValueSource(strings = {"42501", "42P01", "42703", "54000", "55000", "0A000", "XX000", "XX001"})
  void namesTheOneThatFailsForAReasonThatMayBefallAny(String state) {
    List<UUID> due = approvals.due(25);
    mark(due.get(0));
    refuse(state);

    Swept swept = sweep.run();

    assertThat(swept.expired()).isEqualTo(24);
    assertThat(swept.refused())
        .containsExactly(new Refusal(due.get(0).toString(), "ERROR: not this one"));
    assertThat(sweep.run().refused()).as("known").isEmpty();
    assertAllExpiredBut(due, due.get(0));
  }

  @Test
  void expiresAllOthersHoweverManyOfATenantFailFirst() {
    List<UUID> due = approvals.due(60);
    due.subList(0, 20).forEach(this::mark);
    refuse("42501");

    Swept swept = sweep.run();

    assertThat(swept.expired()).isEqualTo(40);
    assertThat(ids(swept.refused())).containsExactlyInAnyOrderElementsOf(texts(due.subList(0, 20)));
    assertAllExpiredBut(due, due.subList(0, 20).toArray(UUID[]::new));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 40})
  void namesNoneWhereNothingExpires(int count) {
    List<UUID> due = approvals.due(count);
    due.forEach(this::mark);
    refuse("42501");

    for (int sweeps = 0; sweeps < 2; sweeps++) {
      assertThatThrownBy(() -> sweep.run())
          .isInstanceOf(DataAccessException.class)
          .rootCause()
          .hasMessageContaining("not this one");
      assertThat(sweep.refused()).isEmpty();
    }
    assertThat(tries()).as("a few of them").isLessThan(50);

    database.execute("DROP TRIGGER refuse ON ai_approvals");
    assertThat(sweep.run().expired()).isEqualTo(count);
  }

  /** Nobody is to blame, and it must not look for one for ever. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 12})
  void failsWhereAPrivilegeIsMissingWhateverIsDue(int count) {
    approvals.due(count);
    database.execute("REVOKE ALL ON outbox FROM lapse_service");

    assertThatThrownBy(() -> sweep.run())
        .isInstanceOf(DataAccessException.class)
        .rootCause()
        .hasMessageContaining("permission denied");
    assertThat(sweep.refused()).isEmpty();
  }

  /** It fires without a row, too. */
  @Test
  void failsWhereATriggerRefusesEachStatement() {
    database.execute(
        """
        CREATE FUNCTION never() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          RAISE 'never';
        END $$;
        CREATE TRIGGER never BEFORE UPDATE ON ai_approvals EXECUTE FUNCTION never();
        """);

    assertThatThrownBy(() -> sweep.run()).hasMessageContaining("never");
  }

  /** As a counter of its tenant that an idle transaction holds. */
  @Test
  void passesOverTheOneThatWaitsForALockAndTriesItAgain() throws Exception {
    List<UUID> due = approvals.due(20);
    mark(due.get(0));
    database.execute(
        """
        CREATE TABLE counter AS SELECT 0 AS n;
        CREATE FUNCTION count_it() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
        BEGIN UPDATE counter SET n = n + 1; RETURN NEW; END $$;
        CREATE TRIGGER count_it BEFORE UPDATE ON ai_approvals FOR EACH ROW
          WHEN (NEW.action = 'refused') EXECUTE FUNCTION count_it();
        ALTER ROLE lapse_service IN DATABASE %s SET lock_timeout = '50ms';
        """
            .formatted(
                database.jdbc().sql("SELECT current_database()").query(String.class).single()));
    Sweep sweep = sweep(10);
    try (Connection idle = database.connect()) {
      idle.setAutoCommit(false);
      try (var statement = idle.createStatement()) {
        statement.execute("SELECT n FROM counter FOR UPDATE");
      }
      Swept swept = sweep.run();
      assertThat(swept.expired()).isEqualTo(19);
      assertThat(swept.refused())
          .containsExactly(
              new Refusal(due.get(0).toString(), "ERROR: canceling statement due to lock timeout"));
      idle.rollback();
    }

    now += Refusals.PAUSE.toNanos();
    assertThat(sweep.run().expired()).isEqualTo(1);
    assertAllExpiredBut(due);
  }

  @Test
  void restsTenTimesAsLongAsATryTook() {
    Refusals refusals = new Refusals(() -> now);
    refusals.add(new Refusal("a", "slow"));
    now += Refusals.PAUSE.toNanos();
    assertThat(refusals.again()).hasValue("a");
    now += Duration.ofSeconds(45).toNanos();
    refusals.add(new Refusal("a", "slow"));

    now += Duration.ofSeconds(449).toNanos();
    assertThat(refusals.again()).isEmpty();
    now += Duration.ofSeconds(1).toNanos();
    assertThat(refusals.again()).hasValue("a");
  }

  @Test
  void takesNoOutageForARefusal() {
    List<UUID> due = approvals.due(5);
    mark(due.get(2));
    refuse("53100");

    assertThatThrownBy(() -> sweep.run()).isInstanceOf(DataAccessException.class);

    assertThat(sweep.refused()).isEmpty();
    assertThat(sweep.count()).isEqualTo(5);
  }

  @Test
  void neverNamesTheOneThatAnApproverHoldsInItsPlace() throws Exception {
    List<UUID> due = approvals.due(4);
    mark(due.get(2));
    refuse("P0001");

    try (Connection approver = database.connect()) {
      approver.setAutoCommit(false);
      lock(approver, due.get(1));
      Swept swept = sweep.run();
      assertThat(swept.expired()).isEqualTo(2);
      assertThat(ids(swept.refused())).containsExactly(due.get(2).toString());
      approver.rollback();
    }

    assertThat(sweep.run().expired()).isEqualTo(1);
    assertAllExpiredBut(due, due.get(2));
  }

  /** Each statement that fails leaves a trace in a sequence, which no rollback takes back. */
  @Test
  void costsAFewStatementsOnceAndThenOneNowAndThen() {
    List<UUID> due = approvals.due(2_000);
    mark(due.get(1_999));
    refuse("P0001");
    Sweep sweep = sweep(1_000);

    sweep.run();
    assertThat(tries()).isBetween(2L, 30L);

    long before = tries();
    approvals.due(10);
    assertThat(sweep.run().expired()).isEqualTo(10);
    assertThat(tries()).as("passed over").isEqualTo(before);

    now += Refusals.PAUSE.toNanos();
    assertThat(sweep.run().refused()).as("known").isEmpty();
    assertThat(tries()).isEqualTo(before + 1);
  }

  @Test
  void expiresWhatIsMendedAndThenTriesTheOthersAtOnce() {
    List<UUID> due = approvals.due(20);
    Stream.of(3, 8, 15).map(due::get).forEach(this::mark);
    refuse("P0001");
    sweep.run();

    change(due.get(3), "action = 'deploy'");
    assertThat(sweep.run().expired()).as("not yet").isZero();
    now += Refusals.PAUSE.toNanos();
    assertThat(sweep.run().expired()).isEqualTo(1);
    assertThat(ids(sweep.refused())).containsExactlyInAnyOrder(due.get(8) + "", due.get(15) + "");

    database.execute("DROP TRIGGER refuse ON ai_approvals");
    now += Refusals.PAUSE.toNanos();
    assertThat(sweep.run().expired()).isEqualTo(2);
    assertThat(sweep.refused()).isEmpty();
    assertAllExpiredBut(due);
  }

  @Test
  void forgetsWhatPeopleHaveDecided() {
    List<UUID> due = approvals.due(3);
    due.forEach(this::mark);
    refuse("P0001");
    sweep.run();
    change(due.get(0), "status = 'rejected'");
    change(due.get(1), "expires_at = now() + interval '1 hour'");

    now += Refusals.PAUSE.toNanos();
    sweep.run();

    assertThat(ids(sweep.refused())).containsExactly(due.get(2).toString());
    assertThat(database.count("SELECT count(*) FROM outbox")).isZero();
  }

  /** A trigger that refuses everything is a failure like any other, and is found at once. */
  @Test
  void failsWhereMoreAreRefusedThanCanBeAMatterOfTheirRows() {
    approvals.insert(Refusals.MAX + 200, "-1 second");
    database.execute("UPDATE ai_approvals SET action = 'refused'");
    refuse("P0001");
    Sweep sweep = sweep(1_000);

    assertThatThrownBy(() -> sweep.run())
        .hasMessage("1000 approvals cannot expire, and there are more: ERROR: not this one");
    assertThat(sweep.refused()).hasSize(1_000);
    long before = tries();
    assertThatThrownBy(() -> sweep.run()).hasMessageContaining("there are more");
    assertThat(tries()).isEqualTo(before + 1);

    database.execute("DROP TRIGGER refuse ON ai_approvals");
    now += Refusals.PAUSE.toNanos();
    assertThat(sweep.run().expired()).isEqualTo(Refusals.MAX + 200);
    assertThat(sweep.refused()).isEmpty();
  }

  @Test
  void sharesTheWorkWithAnotherSweepThatMeetsTheSame() throws Exception {
    List<UUID> due = approvals.due(500);
    refuse("P0001");
    List<UUID> refused = Stream.of(10, 11, 250, 499).map(due::get).peek(this::mark).toList();
    Set<String> expected = Set.copyOf(texts(refused));

    ExecutorService threads = Executors.newFixedThreadPool(2);
    try {
      Callable<Swept> run = () -> sweep(50).run();
      List<Swept> both = new ArrayList<>();
      for (Future<Swept> swept : threads.invokeAll(List.of(run, run))) {
        both.add(swept.get());
      }
      assertThat(both).allSatisfy(one -> assertThat(expected).containsAll(ids(one.refused())));
      assertThat(both.stream().mapToLong(Swept::expired).sum()).isEqualTo(496);
    } finally {
      threads.shutdownNow();
    }

    assertThat(ids(sweep.run().refused())).containsExactlyInAnyOrderElementsOf(expected);
    assertAllExpiredBut(due, refused.toArray(UUID[]::new));
  }

  @Test
  void asksTheStormGuardBeforeWhateverIsLeftOfABatch() {
    List<UUID> due = approvals.due(40);
    mark(due.get(9));
    refuse("P0001");
    Swept swept = Swept.nothing(Sweeps.FIRST);
    while (swept.expired() == 0) {
      swept = sweep.goOn(swept);
    }
    assertThat(swept.expired()).isEqualTo(5);
    new Pauses(database.serviceJdbc()).pause(Part.EXPIRATION, "stop");

    assertThat(sweep.goOn(swept).paused()).isTrue();
    assertThat(sweep.count()).isEqualTo(35);
  }

  @Test
  void theStepSaysSoOnceAndGoesOn() {
    ListAppender<ILoggingEvent> logged = new ListAppender<>();
    Logger logger = (Logger) LoggerFactory.getLogger(ExpirationStep.class);
    logged.start();
    logger.addAppender(logged);
    List<UUID> due = approvals.due(15);
    mark(due.get(2));
    refuse("P0001");
    ExpirationStep step =
        new ExpirationStep(
            sweep,
            Sweeps.dueApprovals(database.serviceJdbc()),
            new ExpirationSettings(
                true, 10, Duration.ofHours(1), "* * * * * *", Sweeps.DEFAULT, true),
            (swept, took) -> {},
            SweepTracing.OFF);

    try {
      step.runOnce();
      step.runOnce();
      now += Refusals.PAUSE.toNanos();
      step.runOnce();
    } finally {
      logger.detachAppender(logged);
    }

    assertThat(ids(step.refused())).containsExactly(due.get(2).toString());
    assertThat(logged.list)
        .filteredOn(line -> line.getLevel() == Level.WARN)
        .extracting(ILoggingEvent::getFormattedMessage)
        .containsExactly(
            "Cannot expire approval; all others expire id="
                + due.get(2)
                + " action=\"fix the reason; Lapse retries automatically\""
                + " reason=ERROR: not this one");
  }

  private Sweep sweep(int batchSize) {
    return Sweeps.of(database.serviceJdbc(), new Refusals(() -> now), batchSize);
  }

  /** From now on what is marked does not expire, and each try is counted. */
  private void refuse(String state) {
    database.execute(
        """
        CREATE SEQUENCE tries;
        GRANT USAGE ON tries TO lapse_service;
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          PERFORM nextval('tries');
          RAISE 'not this one' USING ERRCODE = '%s', DETAIL = 'whose it is';
        END $$;
        CREATE TRIGGER refuse BEFORE UPDATE ON ai_approvals FOR EACH ROW
          WHEN (NEW.action = 'refused' AND NEW.status = 'expired') EXECUTE FUNCTION refuse();
        """
            .formatted(state));
  }

  private long tries() {
    return database.count("SELECT last_value FROM tries");
  }

  private void mark(UUID id) {
    change(id, "action = 'refused'");
  }

  private void change(UUID id, String assignment) {
    database.execute("UPDATE ai_approvals SET %s WHERE id = '%s'".formatted(assignment, id));
  }

  private static void lock(Connection session, UUID id) throws SQLException {
    try (var statement = session.createStatement()) {
      statement.execute("SELECT FROM ai_approvals WHERE id = '" + id + "' FOR UPDATE");
    }
  }

  private void assertAllExpiredBut(List<UUID> due, UUID... refused) {
    JdbcClient jdbc = database.jdbc();
    assertThat(
            jdbc.sql("SELECT id FROM ai_approvals WHERE status = 'pending' AND expires_at < now()")
                .query(UUID.class)
                .list())
        .containsExactlyInAnyOrder(refused);
    assertThat(jdbc.sql("SELECT key FROM outbox").query(String.class).list())
        .hasSize(due.size() - refused.length)
        .doesNotHaveDuplicates();
  }

  private static List<String> ids(List<Refusal> refused) {
    return refused.stream().map(Refusal::id).toList();
  }

  private static List<String> texts(List<UUID> ids) {
    return ids.stream().map(UUID::toString).collect(Collectors.toList());
  }
}
