package dev.lapse.deadline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lapse.expiration.ExpirationSettings;
import dev.lapse.pause.Part;
import dev.lapse.pause.Pauses;
import dev.lapse.support.Roles;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Reminders and escalations: which fire, which do not, and what they say. */
class LadderIT {

  private static final String[] LADDER = {"50%:escalate", "24h:remind", "1h:remind"};

  private final DeadlineWorld world = DeadlineWorld.standard().ladder(LADDER);
  private final LadderStep step = world.step(LADDER);

  @AfterEach
  void close() {
    world.close();
  }

  @Test
  void climbsTheLadderAndTellsEachStepOnce() {
    String id = world.pending("72 hours 5 seconds");
    assertThat(world.next(id)).containsExactly("50% in 36.0 h");
    step.runOnce();
    assertThat(world.announced(id)).isEmpty();

    world.pass("37 hours");
    step.runOnce();
    step.runOnce();
    assertThat(world.announced(id)).containsExactly("ApprovalEscalated 50%");
    assertThat(world.next(id)).containsExactly("24h in 11.0 h");

    world.pass("12 hours");
    step.runOnce();
    world.pass("22 hours 30 minutes");
    step.runOnce();
    assertThat(world.announced(id))
        .containsExactly("ApprovalEscalated 50%", "ApprovalExpiring 24h", "ApprovalExpiring 1h");
    assertThat(world.next(id)).containsExactly("");
    assertThat(world.strings("SELECT fire_at::text FROM next_step")).containsExactly("infinity");
  }

  /** Days of a session's zone may have 23 or 25 hours. */
  @Test
  void aShareIsTheSameInEverySession() throws Exception {
    try (Connection application = world.database.connectAs(Roles.APPLICATION);
        Statement statement = application.createStatement()) {
      statement.execute("SET TimeZone = 'Europe/Berlin'");
      statement.execute(
          """
          INSERT INTO ai_approvals (requested_by, action, created_at, expires_at)
          VALUES ('agent', 'deploy', '2040-10-20 10:00Z', '2040-11-09 10:00Z')
          """);
    }

    assertThat(world.strings("SELECT (fire_at AT TIME ZONE 'UTC')::text FROM next_step"))
        .containsExactly("2040-10-30 10:00:00");
  }

  @Test
  void saysWhatAConsumerNeeds() {
    String id = world.pending("30 minutes");

    step.runOnce();

    assertThat(
            world.strings(
                """
                SELECT payload ->> 'approvalId' = key
                   AND payload ->> 'status' = 'pending' AND (payload -> 'version')::text = '1'
                   AND (payload ->> 'expiresAt')::timestamptz = expires_at
                   AND (payload ->> 'scheduledAt')::timestamptz = expires_at - interval '1 hour'
                   AND (payload ->> 'firedAt')::timestamptz = occurred_at
                   AND payload::text !~ '\\s'
                FROM outbox JOIN ai_approvals ON ai_approvals.id::text = key
                """))
        .containsExactly("t");
    assertThat(world.announced(id)).containsExactly("ApprovalExpiring 1h [\"24h\"]");
    assertThat(world.againstTheContract()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"approved", "rejected", "cancelled"})
  void tellsNothingOfWhatIsDecided(String status) {
    String id = world.pending("30 minutes");
    world.update(id, "status = '%s', version = version + 1".formatted(status));

    step.runOnce();

    assertThat(world.announced(id)).isEmpty();
    assertThat(world.next(id)).isEmpty();
  }

  @Test
  void tellsNothingOfWhatIsDeletedOrNeverDue() {
    String deleted = world.pending("30 minutes");
    world.database.execute("DELETE FROM ai_approvals");
    assertThat(world.next(deleted)).isEmpty();

    world.database.execute("ALTER TABLE ai_approvals ALTER expires_at DROP NOT NULL");
    world.database.execute("ALTER TABLE ai_approvals DROP CONSTRAINT ai_approvals_expires_at");
    String never = world.pending("30 minutes");
    world.update(never, "expires_at = NULL");
    assertThat(world.next(never)).isEmpty();
    world.update(never, "expires_at = 'infinity'");
    assertThat(world.next(never)).isEmpty();
    world.update(never, "expires_at = now() + interval '2 hours'");
    assertThat(world.next(never)).isNotEmpty();
    world.update(never, "expires_at = 'infinity'");
    assertThat(world.next(never)).isEmpty();
    step.runOnce();

    assertThat(world.strings("SELECT type FROM outbox")).isEmpty();
  }

  /** The fault that users of other systems report most: the reminder comes at the old time. */
  @Test
  void movedAwayTheOldTimeNeverFires() {
    String id = world.pending("100 hours");
    world.pass("98 hours");
    step.runOnce();
    assertThat(world.announced(id)).containsExactly("ApprovalEscalated 24h [\"50%\"]");
    world.update(id, "expires_at = expires_at + interval '5 hours'");

    world.pass("90 minutes"); // past the old time of 1h
    step.runOnce();

    assertThat(world.announced(id)).hasSize(1);
    assertThat(world.next(id)).containsExactly("1h in 4.5 h");
    world.pass("5 hours");
    step.runOnce();
    assertThat(world.announced(id)).hasSize(2).last().isEqualTo("ApprovalExpiring 1h");
  }

  @Test
  void movedCloserPastSomeStepsTheyCollapseIntoOne() {
    String id = world.pending("100 hours");

    world.update(id, "expires_at = now() + interval '20 minutes'");
    step.runOnce();
    step.runOnce();

    assertThat(world.announced(id)).containsExactly("ApprovalExpiring 1h [\"24h\"]");
    assertThat(world.next(id)).containsExactly("50% in 0.2 h");
  }

  /** One of those that collapse escalates: so does what becomes of them. */
  @Test
  void afterAnOutageOnlyTheLastIsTold() {
    String id = world.pending("100 hours");
    world.pass("99 hours 30 minutes");

    step.runOnce();
    step.runOnce();

    assertThat(world.announced(id)).containsExactly("ApprovalEscalated 1h [\"24h\",\"50%\"]");
  }

  @Test
  void whatHasFiredDoesNotFireAgainForASmallMove() {
    String id = world.pending("100 hours");
    world.pass("90 hours");
    step.runOnce();
    assertThat(world.announced(id)).containsExactly("ApprovalEscalated 24h [\"50%\"]");

    world.update(id, "expires_at = expires_at - interval '2 hours'");
    step.runOnce();
    assertThat(world.announced(id)).hasSize(1);
    assertThat(world.next(id)).containsExactly("1h in 7.0 h");

    world.update(id, "expires_at = now() + interval '30 hours'");
    assertThat(world.next(id)).as("ahead again").containsExactly("24h in 6.0 h");
  }

  @Test
  void tellsNothingOfWhatIsOverdue() {
    String id = world.pending("2 hours");
    step.runOnce();
    long before = world.announced(id).size();
    world.pass("3 hours");

    step.runOnce();

    assertThat(world.announced(id)).hasSize((int) before);
    assertThat(world.next(id)).as("out of the way").containsExactly("");
  }

  @Test
  void waitsForNobodyAndComesBack() throws Exception {
    String held = world.pending("30 minutes");
    String free = world.pending("30 minutes");
    try (Connection approver = world.database.connect();
        Statement statement = approver.createStatement()) {
      approver.setAutoCommit(false);
      statement.execute("SELECT FROM ai_approvals WHERE id = '%s' FOR UPDATE".formatted(held));

      assertThat(step.runOnce()).isEqualTo(Duration.ofMillis(100));

      assertThat(world.announced(held)).isEmpty();
      assertThat(world.announced(free)).hasSize(1);
      approver.rollback();
    }
    step.runOnce();
    assertThat(world.announced(held)).hasSize(1);
  }

  /** The triggers run with their owner's rights: an application needs none on Lapse's tables. */
  @Test
  void anApplicationNeedsNoPrivilege() throws Exception {
    try (Connection application = world.database.connectAs(Roles.APPLICATION);
        Statement statement = application.createStatement()) {
      statement.execute(
          """
          INSERT INTO ai_approvals (requested_by, action, expires_at)
          VALUES ('agent', 'deploy', now() + interval '3 hours')
          """);
      statement.execute("UPDATE ai_approvals SET expires_at = now() + interval '2 hours'");
      assertThat(world.strings("SELECT approval_id FROM next_step")).hasSize(1);
      statement.execute("UPDATE ai_approvals SET status = 'approved'");
    }
    assertThat(world.strings("SELECT approval_id FROM next_step")).isEmpty();
  }

  @Test
  void aStormPausesItUntilSomebodyConfirms() {
    ExpirationSettings.StormGuard storm = new ExpirationSettings.StormGuard(true, 5, 0.5);
    LadderStep guarded = world.step(storm, System::nanoTime, LADDER);
    Pauses pauses = new Pauses(world.service);
    for (int i = 0; i < 6; i++) {
      world.pending("30 minutes");
    }

    assertThat(guarded.runOnce()).isEqualTo(Duration.ofSeconds(1));

    assertThat(world.strings("SELECT type FROM outbox")).isEmpty();
    assertThat(guarded.paused().orElseThrow().reason())
        .isEqualTo("mass-expiry protection: 6 of 6 pending approvals would be announced at once");
    assertThat(pauses.resume(Part.LADDER)).isTrue();
    guarded.runOnce();
    assertThat(world.strings("SELECT type FROM outbox")).hasSize(6);
    guarded.runOnce();
    assertThat(world.strings("SELECT part FROM pause")).as("watches again").isEmpty();
  }

  @Test
  void restsWithTheExpiration() {
    String id = world.pending("30 minutes");
    Pauses pauses = new Pauses(world.service);
    pauses.pause(Part.EXPIRATION, "deadlines are being corrected");

    step.runOnce();
    assertThat(world.announced(id)).isEmpty();

    pauses.resume(Part.EXPIRATION);
    step.runOnce();
    assertThat(world.announced(id)).hasSize(1);
  }

  @Test
  void armsWhatWasThereBeforeAndNothingThatHasPassed() {
    world.ladder();
    assertThat(world.strings("SELECT tgname::text FROM pg_trigger WHERE tgname LIKE 'lapse%'"))
        .isEmpty();
    world.database.execute("TRUNCATE next_step");
    String far = world.pending("72 hours 5 seconds");
    String near = world.pending("20 hours 5 seconds");
    String decided = world.pending("72 hours");
    world.update(decided, "status = 'approved'");
    world.ladder(LADDER);

    step.runOnce();

    assertThat(world.next(far)).containsExactly("50% in 36.0 h");
    assertThat(world.next(near)).containsExactly("50% in 10.0 h");
    assertThat(world.next(decided)).isEmpty();
    assertThat(world.strings("SELECT type FROM outbox")).as("24h has passed").isEmpty();
  }

  @Test
  void anotherLadderArmsAgainInBatches() {
    List<String> ids = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      ids.add(world.pending("72 hours 5 seconds"));
    }
    String[] other = {"12h:remind"};
    world.ladder(other);
    AtomicLong clock = new AtomicLong();
    LadderStep changed = world.step(DeadlineWorld.STORM, clock::get, other);

    changed.runOnce();

    ids.forEach(id -> assertThat(world.next(id)).containsExactly("12h in 60.0 h"));
    world.database.execute("TRUNCATE next_step"); // as if triggers had been off
    changed.runOnce();
    assertThat(world.next(ids.get(0))).isEmpty();
    clock.addAndGet(Duration.ofDays(1).toNanos());
    changed.runOnce();
    ids.forEach(id -> assertThat(world.next(id)).as("once a day").hasSize(1));
  }

  @Test
  void forgetsWhatHasNoApproval() {
    world.pending("30 minutes");
    world.database.execute("TRUNCATE ai_approvals");

    step.runOnce();

    assertThat(world.strings("SELECT approval_id FROM next_step")).isEmpty();
    assertThat(world.strings("SELECT type FROM outbox")).isEmpty();
  }

  /** Some programs write the least date they know. */
  @Test
  void aRequestWithoutAnUsableTimeFailsNoWriterAndNoOtherStep() {
    world.database.execute(
        "INSERT INTO ai_approvals (requested_by, action, created_at, expires_at)"
            + " VALUES ('agent', 'deploy', '-infinity', now() + interval '30 minutes')");
    world.database.execute("ALTER TABLE ai_approvals DROP CONSTRAINT ai_approvals_expires_at");
    world.database.execute(
        "INSERT INTO ai_approvals (requested_by, action, expires_at)"
            + " VALUES ('agent', 'deploy', '4712-01-01 BC')");
    String id = world.pending("30 minutes");
    world.database.execute("DELETE FROM next_step");

    step.runOnce();
    world.pass("16 minutes");
    step.runOnce();

    assertThat(world.announced(id)).isNotEmpty();
  }

  /** It rounds each deadline up, and its name comes before ours. */
  @Test
  void followsTheRowThatAnotherTriggerHasChangedAgain() {
    world.moves(null, null);
    world.database.execute(
        """
        CREATE FUNCTION business_hours() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          UPDATE ai_approvals SET expires_at = '2099-01-01 09:00Z', version = version + 1
          WHERE id = NEW.id AND expires_at <> '2099-01-01 09:00Z';
          RETURN NULL;
        END $$;
        CREATE TRIGGER business_hours AFTER INSERT OR UPDATE OF expires_at ON ai_approvals
          FOR EACH ROW EXECUTE FUNCTION business_hours();
        """);
    String id = world.pending("72 hours");
    String armed = "SELECT DISTINCT for_deadline = '2099-01-01 09:00Z' FROM next_step";
    assertThat(world.strings(armed)).containsExactly("t");

    world.update(id, "expires_at = now() + interval '48 hours', version = version + 1");

    assertThat(world.strings(armed)).containsExactly("t");
    assertThat(
            world.strings(
                """
                SELECT concat(payload ->> 'expiresAt', ' v', payload ->> 'version') FROM outbox
                WHERE type = 'ApprovalRescheduled' ORDER BY id
                """))
        .as("in the order of versions")
        .containsExactly("2099-01-01T09:00:00.000000Z v2", "2099-01-01T09:00:00.000000Z v4");
  }

  /** Who decides two approvals, the later one first, neither waits for it nor is its victim. */
  @Test
  void armingWaitsForNoWriterAndKeepsNoStepFromFiring() throws Exception {
    String held = world.pending("30 minutes");
    String other = world.pending("31 minutes");
    String armed = world.pending("32 minutes");
    String notArmed =
        "SELECT approval_id FROM next_step WHERE ladder <> (SELECT ladder FROM next_step"
            + " WHERE approval_id = '%s')".formatted(armed);
    world.database.execute(
        "UPDATE next_step SET ladder = ladder + 1 WHERE approval_id IN ('%s', '%s')"
            .formatted(held, other));
    AtomicLong now = new AtomicLong();
    LadderStep arming = world.step(DeadlineWorld.STORM, now::get, LADDER);
    try (Connection writer = world.database.connect();
        Statement statement = writer.createStatement()) {
      writer.setAutoCommit(false);
      statement.execute(
          "UPDATE ai_approvals SET status = 'approved' WHERE id = '%s'".formatted(held));

      arming.runOnce();

      assertThat(world.announced(armed)).hasSize(1);
      assertThat(world.strings(notArmed)).containsExactly(held);
      statement.execute(
          "UPDATE ai_approvals SET status = 'approved' WHERE id = '%s'".formatted(other));
      writer.rollback();
      writer.setAutoCommit(true);
    }
    now.addAndGet(Duration.ofSeconds(11).toNanos());

    arming.runOnce();

    assertThat(world.strings(notArmed)).isEmpty();
  }
}
