package dev.lapse.deadline;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A decision, a move and a step at the same instant: nobody is reminded of what is decided or due
 * at another time, nor twice, and nobody is forgotten.
 *
 * <p>The naive cron is the control: run in the same race, it must do wrong, or the race is none.
 * {@code -Dlapse.test.seed=…} repeats the decisions and their order.
 */
class LadderRaceIT {

  private static final Logger log = LoggerFactory.getLogger(LadderRaceIT.class);

  private static final long SEED = Long.getLong("lapse.test.seed", System.nanoTime());

  private static final int ROUNDS = 15;

  private final DeadlineWorld world = DeadlineWorld.standard();

  @AfterEach
  void close() {
    world.close();
  }

  @Test
  void theNaiveCronRemindsOfWhatIsDecidedOrHasMoved() throws Exception {
    ReminderCron cron = new ReminderCron(world.service, "1m");

    LadderRace race = race(cron::run, 3);

    assertThat(race.wrong())
        .as("seed %d: a control that does nothing wrong controls nothing", SEED)
        .anyMatch(wrong -> wrong.endsWith("reminded after the end"))
        .anyMatch(wrong -> wrong.contains("reminded of"));
  }

  @Test
  void theLadderRemindsOfWhatIsSoAndForgetsNothing() throws Exception {
    world.ladder(LadderRace.RUNG);
    ThreadLocal<LadderStep> step = ThreadLocal.withInitial(() -> world.step(LadderRace.RUNG));

    LadderRace race = race(() -> step.get().runOnce(), ROUNDS);

    assertThat(race.wrong()).as("seed %d", SEED).isEmpty();
    assertThat(
            world.strings(
                "SELECT approval_id FROM next_step JOIN ai_approvals"
                    + " ON id::text = approval_id WHERE status <> 'pending'"))
        .as("seed %d: steps of what has ended", SEED)
        .isEmpty();
  }

  private LadderRace race(LadderRace.Reminder reminder, int rounds) throws Exception {
    LadderRace race = new LadderRace(world.database, SEED, reminder);
    race.run(rounds);
    log.info("Raced seed={} reminders={} wrong={}", SEED, race.reminders(), race.wrong().size());
    assertThat(race.reminders()).isPositive();
    return race;
  }
}
