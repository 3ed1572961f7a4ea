package dev.lapse.expiration;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lapse.fault.OldCron;
import dev.lapse.support.TestDatabase;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An approval that was acknowledged never ends as expired, however close to its deadline it came;
 * nor does a rejection, a cancellation or an extension.
 *
 * <p>The old cron is the control: run in the same race, it must do wrong, or the race is none.
 * {@code -Dlapse.test.seed=…} repeats the decisions and their order; what the scheduler makes of
 * them is anew each time.
 */
class RaceIT {

  private static final Logger log = LoggerFactory.getLogger(RaceIT.class);

  private static final long SEED = Long.getLong("lapse.test.seed", System.nanoTime());

  private static final int ROUNDS = 20;

  private final TestDatabase database = TestDatabase.migrated();

  @AfterEach
  void close() {
    database.close();
  }

  @Test
  void theOldCronExpiresWhatSomebodyHasApproved() throws Exception {
    dropGuard();

    Race race = run(new OldCron(database.jdbc())::expire);

    assertThat(race.takenBack())
        .as("seed %d: a control that does nothing wrong controls nothing", SEED)
        .anyMatch(wrong -> wrong.endsWith("approved, but is expired"));
  }

  @Test
  void theSweepTakesNoDecisionBackEvenWithoutTheGuard() throws Exception {
    dropGuard();
    Sweep sweep = Sweeps.of(database.serviceJdbc(), 50);

    Race race = run(() -> sweep.run().expired());

    assertThat(race.takenBack()).as("seed %d", SEED).isEmpty();
    assertThat(race.wrong()).as("seed %d", SEED).isEmpty();
    assertThat(
            database.count(
                "SELECT count(*) FROM ai_approvals WHERE status = 'expired'"
                    + " AND executed_at IS NOT NULL AND executed_at < expires_at"))
        .as("seed %d: the audit of expiries before their deadline", SEED)
        .isZero();
  }

  @Test
  void theGuardKeepsTheOldCronFromTakingADecisionBack() throws Exception {
    OldCron cron = new OldCron(database.jdbc());

    Race race = run(cron::expire);

    assertThat(race.takenBack()).as("seed %d", SEED).isEmpty();
    assertThat(cron.refused()).as("seed %d: expiries that the guard refused", SEED).isPositive();
  }

  private Race run(Race.Expiry expiry) throws Exception {
    Race race = new Race(database, SEED, expiry);
    race.run(ROUNDS);
    log.info("Raced seed={} {} takenBack={}", SEED, race, race.takenBack().size());
    assertThat(race.acknowledged()).as("seed %d: decisions in time", SEED).isPositive();
    assertThat(race.tooLate()).as("seed %d: decisions too late", SEED).isPositive();
    return race;
  }

  private void dropGuard() {
    database.execute(
        "DROP TRIGGER ai_approvals_final ON ai_approvals;"
            + "DROP TRIGGER ai_approvals_not_due ON ai_approvals");
  }
}
