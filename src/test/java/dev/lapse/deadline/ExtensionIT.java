package dev.lapse.deadline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lapse.pause.Part;
import dev.lapse.pause.Pauses;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What moves, what stays, and what is recorded of it. */
class ExtensionIT {

  private static final CountDownLatch GO_ON = new CountDownLatch(1);

  private final DeadlineWorld world = DeadlineWorld.standard();

  @AfterEach
  void close() {
    world.close();
  }

  @Test
  void movesOneByItsId() {
    String id = world.pending("1 hour");

    Extension.Outcome outcome = run(ids(Duration.ofHours(4), id));

    assertThat(outcome.moved()).isEqualTo(1);
    assertThat(outcome.left()).isZero();
    assertThat(hours(id)).isEqualTo("5.0");
    assertThat(world.strings("SELECT version::text FROM ai_approvals")).containsExactly("2");
    assertThat(
            world.strings(
                """
                SELECT concat_ws(' ', requested_by, requested_as, reason, moved, outcome,
                                 selection ->> 'by')
                FROM extension
                """))
        .containsExactly("lapse_service tester outage 1 done PT4H");
    assertThat(
            world.strings(
                """
                SELECT concat_ws(' ', approval_id, moved_by, moved_as, reason,
                                 to_deadline - from_deadline)
                FROM deadline_move
                """))
        .containsExactly(id + " lapse_service tester outage 04:00:00");
  }

  @Test
  void whatIsLateOrDecidedStaysAndIsNamed() {
    String overdue = world.pending("-1 hour");
    String decided = world.pending("1 hour");
    world.update(decided, "status = 'approved'");
    String unknown = UUID.randomUUID().toString();

    Extension.Outcome outcome = run(ids(Duration.ofHours(4), overdue, decided, unknown));

    assertThat(outcome.moved()).isZero();
    assertThat(hours(overdue)).isEqualTo("-1.0");
    assertThat(world.extension().states(List.of(overdue, decided, unknown)))
        .satisfiesExactly(
            line -> assertThat(line).startsWith(overdue + ": too late: its deadline passed at 20"),
            line -> assertThat(line).isEqualTo(decided + ": too late: it is approved"),
            line -> assertThat(line).isEqualTo(unknown + ": there is no such approval"));
    assertThat(world.strings("SELECT approval_id FROM deadline_move")).isEmpty();
  }

  @Test
  void movesAWindowAndNothingTwice() {
    String soon = world.pending("30 minutes");
    String later = world.pending("100 minutes");
    String outside = world.pending("3 hours");
    String overdue = world.pending("-1 minute");
    // By less than the window is wide: what has moved is in the window still.
    ExtensionRequest request = window(Duration.ofHours(2), Duration.ofMinutes(30), Map.of());
    assertThat(world.extension().plan(request).approvals()).isEqualTo(2);

    Extension.Outcome outcome = run(request);

    assertThat(outcome.moved()).isEqualTo(2);
    assertThat(outcome.left()).isZero();
    assertThat(hours(soon)).isEqualTo("1.0");
    assertThat(hours(later)).isEqualTo("2.2");
    assertThat(hours(outside)).isEqualTo("3.0");
    assertThat(hours(overdue)).isEqualTo("0.0");
  }

  @Test
  void movesOnlyWhereAColumnHasTheValue() {
    world.database.execute("GRANT SELECT (requested_by) ON ai_approvals TO lapse_service");
    String one = world.pending("30 minutes");
    String other = world.pending("30 minutes");
    world.update(other, "requested_by = 'it''s'");

    run(window(Duration.ofHours(2), Duration.ofHours(4), Map.of("requested_by", "it's")));

    assertThat(hours(one)).isEqualTo("0.5");
    assertThat(hours(other)).isEqualTo("4.5");
  }

  @Test
  void movesToATimeAndLeavesWhatIsDueLater() {
    String early = world.pending("30 minutes");
    String late = world.pending("6 hours");
    OffsetDateTime to =
        OffsetDateTime.now(ZoneOffset.UTC).plusHours(2).truncatedTo(ChronoUnit.SECONDS);

    Extension.Outcome outcome =
        run(
            new ExtensionRequest(
                List.of(), Duration.ofHours(8), false, Map.of(), null, to, "outage", 10, "tester"));

    assertThat(outcome.moved()).isEqualTo(1);
    assertThat(hours(early)).isEqualTo("2.0");
    assertThat(hours(late)).isEqualTo("6.0");
  }

  @Test
  void movesNothingAboveTheMaximum() {
    world.pending("30 minutes");
    world.pending("30 minutes");
    ExtensionRequest request =
        new ExtensionRequest(
            List.of(),
            Duration.ofHours(1),
            false,
            Map.of(),
            Duration.ofHours(1),
            null,
            "outage",
            1,
            "tester");

    assertThatThrownBy(() -> run(request))
        .hasMessage(
            "2 approvals are selected, more than 1. Nothing was moved: pass a higher --max");
    assertThat(world.strings("SELECT id::text FROM extension")).isEmpty();
  }

  @Test
  void leavesWhatOthersHoldAndCountsIt() throws Exception {
    String held = world.pending("30 minutes");
    String free = world.pending("40 minutes");
    try (Connection approver = world.database.connect();
        Statement statement = approver.createStatement()) {
      approver.setAutoCommit(false);
      statement.execute("SELECT FROM ai_approvals WHERE id = '%s' FOR UPDATE".formatted(held));

      Extension.Outcome outcome = run(window(Duration.ofHours(1), Duration.ofHours(4), Map.of()));

      assertThat(outcome.moved()).isEqualTo(1);
      assertThat(outcome.left()).isEqualTo(1);
      approver.rollback();
    }
    assertThat(hours(free)).isEqualTo("4.7");
    assertThat(hours(held)).isEqualTo("0.5");
  }

  @Test
  void goesOnWhereItWasStopped() {
    String first = world.pending("30 minutes");
    CountDownLatch stopped = new CountDownLatch(0);
    Extension.Outcome nothing =
        world
            .extension()
            .run(
                window(Duration.ofHours(1), Duration.ofMinutes(5), Map.of()), stopped, moved -> {});
    assertThat(nothing.stopped()).isTrue();
    assertThat(nothing.moved()).isZero();
    String cameSince = world.pending("59 minutes");

    Extension.Outcome outcome = world.extension().resume(nothing.id(), GO_ON, moved -> {});

    assertThat(outcome.moved()).isEqualTo(2);
    assertThat(hours(first)).isEqualTo("0.6");
    assertThat(hours(cameSince)).isEqualTo("1.1");
    assertThat(world.strings("SELECT moved || outcome FROM extension")).containsExactly("2done");
    assertThatThrownBy(() -> world.extension().resume(nothing.id(), GO_ON, moved -> {}))
        .hasMessageEndingWith("is done: nothing to resume");
  }

  /** The third answer to the mass-expiry protection. */
  @Test
  void movesWhatIsOverdueOnlyWhileExpiringIsPaused() {
    String id = world.pending("-30 days");
    ExtensionRequest request =
        new ExtensionRequest(
            List.of(),
            null,
            true,
            Map.of(),
            Duration.ofHours(4),
            null,
            "wrong deadlines",
            10,
            "tester");
    assertThat(run(request).moved()).isZero();

    new Pauses(world.service).pauseForStorm(Part.EXPIRATION, "mass-expiry protection");

    assertThat(run(request).moved()).isEqualTo(1);
    assertThat(hours(id)).as("from now").isEqualTo("4.0");
  }

  @Test
  void everybodysMovesAreWrittenDownAndTold() throws Exception {
    world.moves(null, null);
    String id = world.pending("1 hour");
    try (Connection application = world.database.connectAs("lapse_application");
        Statement statement = application.createStatement()) {
      application.setAutoCommit(false);
      statement.execute("SET LOCAL lapse.actor = 'ann'");
      statement.execute("SET LOCAL lapse.reason = 'holiday'");
      statement.execute(
          "UPDATE ai_approvals SET expires_at = expires_at + interval '1 hour', version = version + 1");
      application.commit();
    }
    run(ids(Duration.ofHours(1), id));
    world.update(id, "status = 'approved', expires_at = expires_at + interval '1 hour'");

    assertThat(
            world.strings(
                """
                SELECT concat_ws(' ', moved_by, moved_as, reason, to_deadline - from_deadline,
                                 extension IS NOT NULL)
                FROM deadline_move ORDER BY id
                """))
        .containsExactly(
            "lapse_application ann holiday 01:00:00 f", "lapse_service tester outage 01:00:00 t");
    assertThat(
            world.strings(
                """
                SELECT concat_ws(' ', type, payload ->> 'approvalId' = key, payload ->> 'status',
                                 payload ->> 'version', payload ->> 'movedBy', payload ->> 'reason',
                                 (payload ->> 'expiresAt')::timestamptz
                                   - (payload ->> 'previousExpiresAt')::timestamptz)
                FROM outbox ORDER BY id
                """))
        .containsExactly(
            "ApprovalRescheduled t pending 2 ann holiday 01:00:00",
            "ApprovalRescheduled t pending 3 tester outage 01:00:00");
    assertThat(world.againstTheContract()).isEmpty();
  }

  @Test
  void limitsRefuseAndAllOthersMove() {
    world.moves(1, Duration.ofHours(10));
    String moved = world.pending("30 minutes");
    world.update(moved, "expires_at = expires_at + interval '1 minute'");
    String free = world.pending("40 minutes");
    String old = world.pending("50 minutes");
    world.database.execute(
        "UPDATE ai_approvals SET created_at = now() - interval '9 hours' WHERE id = '%s'"
            .formatted(old));

    assertThatThrownBy(() -> world.update(moved, "expires_at = now() + interval '1 hour'"))
        .rootCause()
        .hasMessageContaining("has moved 1 times: it cannot move again")
        .extracting(refusal -> ((SQLException) refusal).getSQLState())
        .isEqualTo("23514");
    Extension.Outcome outcome = run(window(Duration.ofHours(1), Duration.ofHours(4), Map.of()));

    assertThat(outcome.moved()).isEqualTo(1);
    assertThat(hours(free)).isEqualTo("4.7");
    assertThat(outcome.refused())
        .satisfiesExactlyInAnyOrder(
            line -> assertThat(line).startsWith(moved).contains("cannot move again"),
            line -> assertThat(line).startsWith(old).contains("cannot move past"));
    assertThat(
            world.strings(
                "SELECT key FROM outbox WHERE type = 'ApprovalRescheduled' ORDER BY id DESC LIMIT 1"))
        .as("nothing is told of a refused one")
        .containsExactly(free);
  }

  private Extension.Outcome run(ExtensionRequest request) {
    return world.extension().run(request, GO_ON, moved -> {});
  }

  private static ExtensionRequest ids(Duration by, String... ids) {
    return request(List.of(ids), null, by, Map.of());
  }

  private static ExtensionRequest window(Duration window, Duration by, Map<String, String> where) {
    return request(List.of(), window, by, where);
  }

  private static ExtensionRequest request(
      List<String> ids, @Nullable Duration window, Duration by, Map<String, String> where) {
    return new ExtensionRequest(ids, window, false, where, by, null, "outage", 10, "tester");
  }

  private String hours(String id) {
    return world
        .strings(
            """
            SELECT round(extract(epoch FROM expires_at - now()) / 3600, 1)::text
            FROM ai_approvals WHERE id = '%s'
            """
                .formatted(id))
        .get(0);
  }
}
