package dev.lapse.expiration;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lapse.pause.Part;
import dev.lapse.pause.Pauses;
import dev.lapse.support.Approvals;
import dev.lapse.support.TestDatabase;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * What would expire an abnormal number and share of all pending approvals at once expires nothing
 * until a person confirms it.
 */
class StormGuardIT {

  private final TestDatabase database = TestDatabase.migrated();
  private final Approvals approvals = new Approvals(database);
  private final Pauses pauses = new Pauses(database.serviceJdbc());
  private final Sweep sweep = sweep(true, 50, 0.5);

  private Sweep sweep(boolean enabled, long maxDue, double maxShare) {
    return Sweeps.of(
        database.serviceJdbc(), new ExpirationSettings.StormGuard(enabled, maxDue, maxShare), 10);
  }

  @AfterEach
  void stop() {
    database.close();
  }

  @Test
  void expiresNothingOfAStorm() {
    approvals.due(60);
    approvals.notDue(20);

    Swept swept = sweep.run();

    assertThat(swept.paused()).isTrue();
    assertThat(swept.expired()).isZero();
    assertThat(pauses.find(Part.EXPIRATION).orElseThrow().reason())
        .isEqualTo("mass-expiry protection: 60 of 80 pending approvals would expire at once");
    assertThat(sweep(true, 50, 0.5).run().paused()).as("another instance").isTrue();
  }

  @Test
  void letsPassWhatIsManyButNoLargeShare() {
    approvals.due(60);
    approvals.notDue(70);

    assertThat(sweep.run().expired()).isEqualTo(60);
  }

  /** They stay due, however many there come to be: they are no storm, and must not hide one. */
  @Test
  void doesNotCountWhatTheDatabaseRefuses() {
    database.execute(
        "ALTER TABLE ai_approvals ADD CONSTRAINT no_longer"
            + " CHECK (action <> 'refused' OR status = 'pending') NOT VALID");
    for (int i = 0; i < 2; i++) {
      approvals.due(40);
      database.execute("UPDATE ai_approvals SET action = 'refused'");
      assertThat(sweep.run().refused()).hasSize(40);
    }

    approvals.due(10);
    assertThat(sweep.run().expired()).isEqualTo(10);
    approvals.due(90);
    assertThat(sweep.run().paused()).isTrue();
  }

  @Test
  void letsPassWhatIsALargeShareOfFew() {
    approvals.due(50);

    assertThat(sweep.run().expired()).isEqualTo(50);
  }

  @Test
  void goesOnWhenConfirmedAndWatchesAgainAfterwards() {
    approvals.due(200);
    assertThat(sweep.run().paused()).isTrue();

    assertThat(pauses.resume(Part.EXPIRATION)).isTrue();

    assertThat(sweep.run().expired()).isEqualTo(200);
    assertThat(sweep.run().paused()).as("the calm between").isFalse();
    approvals.due(60);
    assertThat(sweep.run().paused()).isTrue();
  }

  @Test
  void noticesAStormThatBreaksInTheMiddleOfASweep() {
    approvals.due(40);
    Swept swept = Swept.nothing(Sweeps.FIRST);
    swept = sweep.goOn(swept);
    approvals.notDue(100);
    database.execute("UPDATE ai_approvals SET expires_at = now() WHERE status = 'pending'");

    while (swept.more()) {
      swept = sweep.goOn(swept);
    }

    assertThat(swept.paused()).isTrue();
    assertThat(swept.expired()).isEqualTo(10);
  }

  @Test
  void isOffWhereItIsSoSet() {
    approvals.due(200);

    assertThat(sweep(false, 50, 0.5).run().expired()).isEqualTo(200);
  }

  @Test
  void aPersonsPauseHoldsWhateverTheGuardThinks() {
    approvals.due(1);
    assertThat(pauses.pause(Part.EXPIRATION, "migration of expires_at")).isTrue();
    assertThat(pauses.pause(Part.EXPIRATION, "another")).isFalse();

    assertThat(sweep(false, 50, 0.5).run().paused()).isTrue();
    pauses.resume(Part.EXPIRATION);
    assertThat(sweep(false, 50, 0.5).run().expired()).isEqualTo(1);
  }

  @Test
  void theStepSaysThatItIsPausedAndGoesOnByItself() {
    approvals.due(60);
    ExpirationStep step = step(Duration.ofSeconds(1));

    assertThat(step.runOnce()).isEqualTo(Duration.ofSeconds(1));
    assertThat(step.paused()).isPresent();

    pauses.resume(Part.EXPIRATION);
    step.runOnce();
    assertThat(step.paused()).isEmpty();
    assertThat(database.count("SELECT count(*) FROM outbox")).isEqualTo(60);
  }

  /** As somebody does who pauses, migrates expires_at, and gets it wrong. */
  @Test
  void aPersonsResumingConfirmsNoStormThatBrokeMeanwhile() {
    approvals.notDue(200);
    pauses.pause(Part.EXPIRATION, "expires_at is being mended");
    database.execute("UPDATE ai_approvals SET expires_at = now() - interval '1 s'");
    assertThat(sweep.run().paused()).isTrue();
    pauses.resume(Part.EXPIRATION);

    Swept swept = sweep.run();

    assertThat(swept.paused()).isTrue();
    assertThat(swept.expired()).isZero();
  }

  @Test
  void aPauseEndsALargeSweepBehindTheBatchInHand() {
    approvals.due(600);
    approvals.notDue(700);
    Swept swept = sweep.goOn(Swept.nothing(Sweeps.FIRST));

    pauses.pause(Part.EXPIRATION, "stop, this is wrong");
    while (swept.more()) {
      swept = sweep.goOn(swept);
    }

    assertThat(swept.paused()).isTrue();
    assertThat(swept.expired()).isEqualTo(10);
  }

  @Test
  void anotherInstanceDoesNotTakeTheConfirmationAway() {
    ExpirationStep other = step(Duration.ofMinutes(5));
    other.runOnce(); // nothing is due; its next full sweep is in five minutes
    approvals.due(200);
    assertThat(sweep.run().paused()).isTrue();
    pauses.resume(Part.EXPIRATION);
    other.runOnce();

    assertThat(sweep.run().paused()).as("confirmed a moment ago").isFalse();
  }

  @Test
  void resumingIsNoticedWithinASecondHoweverRarelyItSweeps() {
    pauses.pause(Part.EXPIRATION, "by hand");

    assertThat(step(Duration.ofHours(1)).runOnce()).isEqualTo(Duration.ofSeconds(1));
  }

  private ExpirationStep step(Duration maxPause) {
    return new ExpirationStep(
        sweep,
        Sweeps.dueApprovals(database.serviceJdbc()),
        new ExpirationSettings(true, 10, maxPause, null, Sweeps.DEFAULT, true),
        (swept, took) -> {},
        SweepTracing.OFF);
  }
}
