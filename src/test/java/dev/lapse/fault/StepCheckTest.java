package dev.lapse.fault;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lapse.fault.History.Approval;
import dev.lapse.fault.History.OutboxRow;
import dev.lapse.fault.Operations.Kind;
import dev.lapse.fault.Operations.Operation;
import dev.lapse.fault.Operations.Outcome;
import dev.lapse.support.EventConsumer.Event;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * What the checker sees of reminders: each test tells the story of one approval that was requested
 * at noon and is due in 100 seconds, and steps at 50 and at 90 seconds.
 */
class StepCheckTest {

  private static final UUID ID = UUID.fromString("aaaaaaaa-0000-0000-0000-000000000000");
  private static final Instant NOON = Instant.parse("2026-01-01T12:00:00Z");
  private static final Instant DUE = NOON.plusSeconds(100);
  private static final List<String> LADDER = List.of("50%:escalate", "10s:remind");

  private final List<Operation> operations = new ArrayList<>();
  private final List<OutboxRow> outbox = new ArrayList<>();
  private final List<OutboxRow> received = new ArrayList<>();
  private Instant deadline = DUE;
  private int version;
  private int rows;
  private String status = "pending";

  StepCheckTest() {
    does(Kind.CREATED, 0);
  }

  /** {@code second}: when its transaction began. */
  private void does(Kind kind, int second) {
    version++;
    boolean sets = !kind.decides();
    operations.add(new Operation(version, ID, kind, version, sets ? deadline : null, Outcome.OK));
    row(Objects.requireNonNull(kind.notice()), "\"expiresAt\":\"%s\"".formatted(deadline), second);
    row(kind.eventType(), "\"status\":\"%s\"".formatted(kind.status()), second);
    status = kind.status();
  }

  private void moves(int second, int bySeconds) {
    deadline = deadline.plusSeconds(bySeconds);
    does(Kind.EXTENDED, second);
  }

  private void expires(int second) {
    version++;
    status = "expired";
    row("ApprovalExpired", "\"status\":\"expired\"", second);
  }

  private void escalates(int second, String step, int scheduled, String... collapsed) {
    tells("ApprovalEscalated", second, step, scheduled, collapsed);
  }

  private void reminds(int second, String step, int scheduled, String... collapsed) {
    tells("ApprovalExpiring", second, step, scheduled, collapsed);
  }

  private void tells(String type, int second, String step, int scheduled, String... collapsed) {
    row(
        type,
        "\"expiresAt\":\"%s\",\"step\":\"%s\",\"collapsed\":[%s],\"scheduledAt\":\"%s\",\"firedAt\":\"%s\""
            .formatted(
                deadline,
                step,
                List.of(collapsed).stream()
                    .map(each -> "\"" + each + "\"")
                    .collect(Collectors.joining(",")),
                NOON.plusSeconds(scheduled),
                NOON.plusSeconds(second).plusMillis(5)),
        second);
  }

  private void row(String type, String payload, int second) {
    int id = ++rows;
    OutboxRow row =
        new OutboxRow(
            id,
            "event-" + id,
            type,
            ID.toString(),
            "{\"version\":%d,%s}".formatted(version, payload),
            NOON.plusSeconds(second));
    outbox.add(row);
    received.add(row);
  }

  /** With everything done that was to be done by then. */
  private void isFoundAt(int second, Map<Flaw, Integer> expected) {
    List<Event> events = received.stream().map(row -> row.event("topic", 0, row.id())).toList();
    Instant executedAt = status.equals("expired") ? deadline : null;
    Approval approval = new Approval(ID, status, version, NOON, deadline, executedAt);
    Verdict verdict =
        Checker.judge(
            History.of(operations, List.of(approval), outbox, events)
                .settledTo(NOON.plusSeconds(second))
                .ladder(LADDER));
    Map<Flaw, Integer> counts = new EnumMap<>(Flaw.class);
    for (Flaw flaw : Flaw.values()) {
      if (verdict.count(flaw) > 0) {
        counts.put(flaw, verdict.count(flaw));
      }
    }
    assertThat(counts).as("%s", verdict).isEqualTo(expected);
  }

  private void isFlawlessAt(int second) {
    isFoundAt(second, Map.of());
  }

  @Test
  void eachStepInTurn() {
    isFlawlessAt(50);
    escalates(50, "50%", 50);
    isFlawlessAt(90);
    reminds(90, "10s", 90);
    isFlawlessAt(99);
    expires(100);
    isFlawlessAt(200);
  }

  @Test
  void findsAStepThatNobodyWasToldOf() {
    isFoundAt(51, Map.of(Flaw.FORGOTTEN, 1));
    isFoundAt(91, Map.of(Flaw.FORGOTTEN, 2));
  }

  @Test
  void findsAStepThatWasPassedOver() {
    reminds(91, "10s", 90);

    isFoundAt(91, Map.of(Flaw.FORGOTTEN, 2)); // when the other was told, and to the end
  }

  @Test
  void letsThoseOfAnOutageCollapse() {
    escalates(95, "10s", 90, "50%");

    isFlawlessAt(99);
  }

  @Test
  void findsThatTheLastStepOfAnOutageIsNotTheOneTold() {
    escalates(95, "50%", 50, "10s");

    isFoundAt(99, Map.of(Flaw.WRONGLY_REMINDED, 1));
  }

  @Test
  void findsThoseOfAnOutageThatWereToldOneByOne() {
    escalates(95, "50%", 50);
    reminds(96, "10s", 90);

    // The first was not the last, and told of one too few.
    isFoundAt(99, Map.of(Flaw.WRONGLY_REMINDED, 1, Flaw.FORGOTTEN, 1));
  }

  @Test
  void findsAnEscalationThatIsOnlyAReminder() {
    reminds(95, "10s", 90, "50%");

    isFoundAt(99, Map.of(Flaw.WRONGLY_REMINDED, 1));
  }

  @Test
  void findsAStepThatIsToldTwice() {
    escalates(50, "50%", 50);
    escalates(51, "50%", 50);

    isFoundAt(80, Map.of(Flaw.DUPLICATE, 1));
  }

  @Test
  void findsAStepThatIsToldAgainAmongOthers() {
    escalates(50, "50%", 50);
    escalates(95, "10s", 90, "50%");

    isFoundAt(99, Map.of(Flaw.DUPLICATE, 1));
  }

  @Test
  void findsAStepThatHadNotCome() {
    escalates(49, "50%", 50);

    isFoundAt(49, Map.of(Flaw.WRONGLY_REMINDED, 1));
  }

  @Test
  void findsAStepThatTheLadderHasNot() {
    reminds(60, "1m", 40, "50%");

    isFoundAt(40, Map.of(Flaw.WRONGLY_REMINDED, 1));
  }

  @Test
  void findsAReminderOfWhatWasDecided() {
    does(Kind.APPROVED, 50);
    escalates(50, "50%", 50);

    isFoundAt(99, Map.of(Flaw.WRONGLY_REMINDED, 1));
  }

  /** Its version gives it away, wherever in the outbox it stands. */
  @Test
  void findsAReminderThatWasLookedUpBeforeTheDecision() {
    escalates(50, "50%", 50);
    OutboxRow early = outbox.remove(2);
    received.remove(2);
    does(Kind.APPROVED, 50);
    outbox.add(early);
    received.add(early);

    isFoundAt(99, Map.of(Flaw.WRONGLY_REMINDED, 1, Flaw.MISORDERED, 1));
  }

  @Test
  void findsAReminderOfWhatHasExpired() {
    expires(100);
    escalates(100, "10s", 90, "50%");

    isFoundAt(200, Map.of(Flaw.WRONGLY_REMINDED, 1));
  }

  @Test
  void findsAReminderOfWhatIsOverdue() {
    escalates(101, "10s", 90, "50%");
    expires(102);

    isFoundAt(200, Map.of(Flaw.WRONGLY_REMINDED, 1));
  }

  @Test
  void findsAReminderOfTheOldTime() {
    moves(40, 100); // then 50% is at 100 s
    Instant to = deadline;
    deadline = DUE;
    escalates(50, "50%", 50);
    deadline = to;

    isFoundAt(99, Map.of(Flaw.WRONGLY_REMINDED, 1));
  }

  @Test
  void findsAReminderOfAnOldTimeThatKnowsTheNewDeadline() {
    moves(40, 100);
    escalates(50, "50%", 50);

    isFoundAt(99, Map.of(Flaw.WRONGLY_REMINDED, 1));
  }

  @Test
  void whatIsAheadAgainIsToldAgain() {
    escalates(50, "50%", 50);
    moves(60, 100);
    isFlawlessAt(99);
    isFoundAt(101, Map.of(Flaw.FORGOTTEN, 1));
    escalates(100, "50%", 100);
    isFlawlessAt(150);
  }

  @Test
  void whatASmallMoveLeavesBehindIsNot() {
    escalates(50, "50%", 50);
    moves(80, 20);
    isFlawlessAt(99);
    escalates(85, "50%", 60);
    isFoundAt(99, Map.of(Flaw.DUPLICATE, 1));
  }

  @Test
  void whatAMoveHasPassedOverIsTold() {
    moves(80, 20); // 50% is at 60 s, and was not told
    isFoundAt(99, Map.of(Flaw.FORGOTTEN, 1));
    escalates(81, "50%", 60);
    isFlawlessAt(99);
  }

  @Test
  void asksForNothingOfWhatEndedBefore() {
    does(Kind.REJECTED, 49);

    isFlawlessAt(99);
  }

  @Test
  void findsAReminderThatIsReceivedBeforeWhatItFollows() {
    moves(40, 20);
    escalates(60, "50%", 60);
    received.add(2, received.remove(4));

    isFoundAt(99, Map.of(Flaw.MISORDERED, 2)); // both events of the move
  }

  @Test
  void findsRemindersThatAreReceivedInAnotherOrder() {
    escalates(50, "50%", 50);
    reminds(90, "10s", 90);
    received.add(2, received.remove(3));

    isFoundAt(99, Map.of(Flaw.MISORDERED, 1));
  }

  @Test
  void findsAReminderThatIsLostOrReceivedTwice() {
    escalates(50, "50%", 50);
    OutboxRow reminder = received.remove(2);
    isFoundAt(80, Map.of(Flaw.LOST, 1));

    received.add(reminder);
    received.add(reminder);
    isFoundAt(80, Map.of(Flaw.DUPLICATE, 1));
  }

  @Test
  void findsADeadlineThatNoEventTellsOf() {
    deadline = DUE.plus(Duration.ofMinutes(1));
    operations.set(0, new Operation(1, ID, Kind.CREATED, 1, deadline, Outcome.OK));

    isFoundAt(40, Map.of(Flaw.WRONG_VERSION, 1));
  }
}
