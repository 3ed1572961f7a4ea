package dev.lapse.expiration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.lapse.loop.Loop;
import dev.lapse.support.Approvals;
import dev.lapse.support.TestDatabase;
import java.time.Duration;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;

/** Approvals expire when they fall due, not when a clock strikes. */
class ExpirationStepIT {

  private static final Duration HOUR = Duration.ofHours(1);

  private final TestDatabase database = TestDatabase.migrated();
  private final Approvals approvals = new Approvals(database);
  private final DueApprovals dueApprovals = Sweeps.dueApprovals(database.serviceJdbc());
  private final List<Swept> heard = new CopyOnWriteArrayList<>();
  private final ListAppender<ILoggingEvent> logged = new ListAppender<>();
  private final Logger logger = (Logger) LoggerFactory.getLogger(ExpirationStep.class);

  @BeforeEach
  void listenToTheLog() {
    logged.start();
    logger.addAppender(logged);
    logger.setAdditive(false);
  }

  @AfterEach
  void close() {
    logger.setAdditive(true);
    logger.detachAppender(logged);
    database.close();
  }

  @Test
  void sleepsUntilTheEarliestDeadline() {
    approvals.insert(1, "30 minutes");
    approvals.insert(1, "10 minutes");

    assertThat(step(HOUR, null).runOnce())
        .isBetween(Duration.ofMinutes(8), Duration.ofMinutes(10).plusMillis(1));
  }

  @Test
  void sleepsNoLongerThanTheLongestPause() {
    ExpirationStep step = step(HOUR, null);
    assertThat(step.runOnce()).isBetween(Duration.ofMinutes(58), HOUR);

    approvals.insert(1, "2 hours");
    assertThat(step.runOnce()).isBetween(Duration.ofMinutes(58), HOUR);
  }

  @Test
  void sleepsWhileAllThatIsPendingLapsesInTheYear9999() {
    approvals.notDue(1);
    database.execute("UPDATE ai_approvals SET expires_at = '9999-12-31'");

    assertThat(step(HOUR, null).runOnce()).isBetween(Duration.ofMinutes(58), HOUR);
  }

  /** As while an approver holds it: nothing to be gained by looking again and again. */
  @Test
  void sleepsAlthoughSomethingIsDueThatAnApproverHolds() throws Exception {
    UUID id = approvals.due();

    try (var approver = database.connect()) {
      approver.setAutoCommit(false);
      try (var statement = approver.createStatement()) {
        statement.execute("UPDATE ai_approvals SET decided_by = 'me' WHERE id = '" + id + "'");
      }
      assertThat(step(HOUR, null).runOnce()).isBetween(Duration.ofMinutes(58), HOUR);
      approver.rollback();
    }
  }

  @Test
  void goesOnAtOnceWithWhatFellDueWhileItSwept() {
    approvals.due();
    List<UUID> meanwhile = new ArrayList<>();
    ExpirationStep step =
        step(HOUR, null, (swept, took) -> meanwhile.addAll(approvals.insert(1, "0 seconds")));

    assertThat(step.runOnce()).isLessThan(Duration.ofSeconds(1));

    step.runOnce();
    assertThat(approvals.status(meanwhile.get(0))).isEqualTo("expired");
  }

  @Test
  void expiresEachOnTimeHoweverLongTheLongestPause() {
    approvals.insertSpread(200, Duration.ofSeconds(1));
    Loop loop = new Loop("expiration", step(HOUR, null));

    loop.start();
    try {
      awaitNone("status = 'pending'");
    } finally {
      loop.stop();
    }

    // Generous, for a machine that has other things to do; at fault it would be an hour.
    assertThat(
            database.count(
                "SELECT count(*) FROM ai_approvals WHERE executed_at - expires_at > '20 s'"))
        .isZero();
  }

  @Test
  void findsWhatCameInOverdueWithinTheLongestPause() {
    Duration longestPause = Duration.ofMillis(10);
    ExpirationStep step = step(longestPause, null);
    step.runOnce();
    UUID overdue = approvals.insert(1, "-1 hour").get(0);

    long inserted = System.nanoTime();
    while (System.nanoTime() - inserted < longestPause.toNanos()) {
      step.runOnce();
    }
    step.runOnce();

    assertThat(approvals.status(overdue)).isEqualTo("expired");
  }

  @Test
  void sweepsByTheCronExpressionIfThereIsOne() {
    approvals.insert(1, "10 minutes");
    UUID due = approvals.due();
    ZonedDateTime now = ZonedDateTime.now(ZoneId.systemDefault());
    ZonedDateTime newYear =
        now.toLocalDate().plusYears(1).withDayOfYear(1).atStartOfDay(now.getZone());

    Duration pause = step(Duration.ofSeconds(1), "0 0 0 1 1 *").runOnce();

    assertThat(approvals.status(due)).isEqualTo("expired");
    assertThat(pause).isCloseTo(Duration.between(now, newYear), Duration.ofMinutes(2));
  }

  @Test
  void startsEverySweepByCronAtTheBeginning() {
    ExpirationStep step = step(HOUR, "0 0 0 1 1 *");
    step.runOnce();
    UUID overdue = approvals.insert(1, "-1 hour").get(0);

    step.runOnce();

    assertThat(approvals.status(overdue)).isEqualTo("expired");
  }

  @Test
  void saysNothingWhenNothingWasDue() {
    approvals.notDue(1);

    step(HOUR, null).runOnce();

    assertThat(logged.list).isEmpty();
    assertThat(heard).isEmpty();
  }

  @Test
  void saysInOneLineWhatItExpired() {
    approvals.due(25);

    step(HOUR, null).runOnce();

    assertThat(logged.list).hasSize(1);
    assertThat(logged.list.get(0).getLevel()).isEqualTo(Level.INFO);
    assertThat(logged.list.get(0).getFormattedMessage())
        .matches("Expired approvals count=25 lateness=\\d{4,}ms took=\\d+ms");
    assertThat(heard).extracting(Swept::expired).containsExactly(25L);
  }

  @Test
  void saysWhatItHadExpiredWhenItFailedMidway() {
    approvals.due(25);
    database.execute(
        """
        CREATE FUNCTION fill_up() RETURNS trigger LANGUAGE plpgsql AS
          $$ BEGIN RAISE 'no space left' USING ERRCODE = 'disk_full'; END $$;
        CREATE TRIGGER nearly BEFORE INSERT ON outbox
          FOR EACH ROW WHEN (NEW.id >= 25) EXECUTE FUNCTION fill_up();
        """);

    assertThatThrownBy(() -> step(HOUR, null).runOnce()).isInstanceOf(DataAccessException.class);

    assertThat(logged.list)
        .extracting(ILoggingEvent::getFormattedMessage)
        .singleElement()
        .satisfies(line -> assertThat(line).startsWith("Expired approvals count=20 "));
    assertThat(heard).extracting(Swept::expired).containsExactly(20L);
    assertThat(dueApprovals.count()).isEqualTo(5);
  }

  private ExpirationStep step(Duration maxPause, @Nullable String cron) {
    return step(maxPause, cron, (swept, took) -> heard.add(swept));
  }

  private ExpirationStep step(
      Duration maxPause, @Nullable String cron, ExpirationListener listener) {
    ExpirationSettings settings =
        new ExpirationSettings(true, 10, maxPause, cron, Sweeps.DEFAULT, true);
    return new ExpirationStep(
        Sweeps.of(database.serviceJdbc(), 10), dueApprovals, settings, listener, SweepTracing.OFF);
  }

  private void awaitNone(String condition) {
    long deadline = System.nanoTime() + Duration.ofMinutes(1).toNanos();
    while (database.count("SELECT count(*) FROM ai_approvals WHERE " + condition) > 0) {
      assertThat(System.nanoTime() - deadline).as("not within a minute: " + condition).isNegative();
    }
  }
}
