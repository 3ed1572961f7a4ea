package dev.lapse.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lapse.fault.History.Approval;
import dev.lapse.fault.History.OutboxRow;
import dev.lapse.fault.Operations.Kind;
import dev.lapse.fault.Operations.Operation;
import dev.lapse.fault.Operations.Outcome;
import dev.lapse.support.EventConsumer.Event;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * The checker itself: each flaw alone is seen and counted as what it is, and nothing else is seen.
 *
 * <p>Every test begins with the same flawless history and spoils one thing: an approval that was
 * approved, one that lapsed, one that was extended, and a hot key with three numbers.
 */
class CheckerTest {

  private static final UUID APPROVED = UUID.fromString("aaaaaaaa-0000-0000-0000-000000000000");
  private static final UUID LAPSED = UUID.fromString("bbbbbbbb-0000-0000-0000-000000000000");
  private static final UUID EXTENDED = UUID.fromString("cccccccc-0000-0000-0000-000000000000");

  private static final Instant ASKED = Instant.parse("2026-01-01T11:00:00Z");
  private static final Instant DUE = Instant.parse("2026-01-01T12:00:00Z");
  private static final Instant LATER = DUE.plusSeconds(60);

  private final List<Operation> operations = new ArrayList<>();
  private final List<Approval> approvals = new ArrayList<>();
  private final List<OutboxRow> outbox = new ArrayList<>();
  private final List<Event> received = new ArrayList<>();
  private long rows;
  private Set<String> mayRepeat = Set.of();
  private Instant settledTo = DUE.plusSeconds(1);

  CheckerTest() {
    does(APPROVED, Kind.CREATED, 1, DUE);
    does(LAPSED, Kind.CREATED, 1, DUE);
    does(EXTENDED, Kind.CREATED, 1, DUE);
    does(APPROVED, Kind.APPROVED, 2, null);
    does(EXTENDED, Kind.EXTENDED, 2, LATER);
    row("ApprovalExpired", LAPSED.toString(), "version", 2);
    for (int number = 1; number <= 3; number++) {
      row("Noted", "hot", "number", number);
    }
    approvals.add(new Approval(APPROVED, "approved", 2, ASKED, DUE, null));
    approvals.add(new Approval(LAPSED, "expired", 2, ASKED, DUE, DUE.plusMillis(3)));
    approvals.add(new Approval(EXTENDED, "pending", 2, ASKED, LATER, null));
    outbox.forEach(row -> received.add(row.event("topic", 0, row.id())));
  }

  private void does(UUID approval, Kind kind, int version, @Nullable Instant deadline) {
    operations.add(operation(approval, kind, version, deadline, Outcome.OK));
    row(Objects.requireNonNull(kind.notice()), approval.toString(), "version", version);
    row(kind.eventType(), approval.toString(), "version", version);
  }

  private Operation operation(
      UUID approval, Kind kind, int version, @Nullable Instant deadline, Outcome outcome) {
    return new Operation(operations.size() + 1, approval, kind, version, deadline, outcome);
  }

  private void row(String type, String key, String field, int number) {
    long id = ++rows;
    outbox.add(
        new OutboxRow(id, "event-" + id, type, key, "{\"%s\":%d}".formatted(field, number), ASKED));
  }

  private Verdict judge() {
    return Checker.judge(
        History.of(operations, approvals, outbox, received)
            .mayRepeat(mayRepeat)
            .settledTo(settledTo));
  }

  /** The history has this flaw, once, and no other. */
  private void isFound(Flaw flaw) {
    areFound(Map.of(flaw, 1));
  }

  private void areFound(Map<Flaw, Integer> expected) {
    Verdict verdict = judge();
    Map<Flaw, Integer> counts = new EnumMap<>(Flaw.class);
    for (Flaw flaw : Flaw.values()) {
      if (verdict.count(flaw) > 0) {
        counts.put(flaw, verdict.count(flaw));
      }
    }
    assertThat(counts).as("%s", verdict).isEqualTo(expected);
    assertThat(verdict.isFlawless()).isEqualTo(expected.isEmpty());
  }

  private Event event(String type, String key, int number) {
    String id = outbox.get(indexOf(type, key, number)).eventId();
    return received.stream().filter(event -> event.id().equals(id)).findAny().orElseThrow();
  }

  private int indexOf(String type, String key, int number) {
    for (OutboxRow row : outbox) {
      if (row.type().equals(type) && row.key().equals(key) && row.number() == number) {
        return outbox.indexOf(row);
      }
    }
    throw new AssertionError("no such row");
  }

  private void replace(Approval approval) {
    approvals.replaceAll(each -> each.id().equals(approval.id()) ? approval : each);
  }

  /** The acknowledgement of the version that this led to never came. */
  private void isUnknown(UUID approval, int version) {
    operations.replaceAll(
        each ->
            each.approval().equals(approval) && each.version() == version
                ? each.with(Outcome.UNKNOWN)
                : each);
  }

  private void neverHappened(String type, UUID approval, int version) {
    received.remove(event(type, approval.toString(), version));
    outbox.remove(indexOf(type, approval.toString(), version));
  }

  /** Neither what the client reported nor what the trigger told. */
  private void neverHappened(Kind kind, UUID approval, int version) {
    neverHappened(kind.eventType(), approval, version);
    neverHappened(Objects.requireNonNull(kind.notice()), approval, version);
  }

  // A history without a flaw.

  @Test
  void findsNothingInAFlawlessHistoryAndSaysHowMuchItSaw() {
    Verdict verdict = judge();

    assertThat(verdict.isFlawless()).as("%s", verdict).isTrue();
    assertThat(verdict).hasToString(judge().toString());
    assertThat(verdict.received()).isEqualTo(14);
    assertThat(verdict.committed()).isEqualTo(14);
    assertThat(verdict.approvals()).isEqualTo(3);
    assertThat(verdict.acknowledged()).isEqualTo(5);
  }

  @Test
  void doesNotCareForTheOrderAcrossKeysAndTopics() {
    Event noted = event("Noted", "hot", 1);
    received.remove(noted);
    received.add(0, noted);
    Event expired = event("ApprovalExpired", LAPSED.toString(), 2);
    received.remove(expired);
    received.add(0, outbox.get(10).event("approvals.expired", 4, 0));

    areFound(Map.of());
  }

  // Events.

  @Test
  void findsAnEventThatWasLost() {
    received.remove(event("Noted", "hot", 3));

    isFound(Flaw.LOST);
  }

  @Test
  void findsAnEventThatWasLostBetweenOthers() {
    received.remove(event("Noted", "hot", 2));

    isFound(Flaw.LOST);
  }

  @Test
  void findsARowThatWasLost() {
    received.remove(event("Noted", "hot", 2));
    outbox.remove(indexOf("Noted", "hot", 2));

    isFound(Flaw.LOST);
  }

  @Test
  void findsAReportThatTheOutboxDoesNotHold() {
    neverHappened("ApprovalApproved", APPROVED, 2);

    isFound(Flaw.LOST);
  }

  @Test
  void findsAReportThatTheOutboxDoesNotHoldThoughItsCommitWasNeverAcknowledged() {
    neverHappened("ApprovalApproved", APPROVED, 2);
    isUnknown(APPROVED, 2);

    isFound(Flaw.LOST);
  }

  @Test
  void findsAnApprovalThatWasAcknowledgedAndIsNotThere() {
    UUID gone = UUID.randomUUID();
    operations.add(operation(gone, Kind.CREATED, 1, DUE, Outcome.OK));

    areFound(Map.of(Flaw.LOST, 2)); // the approval and its report
  }

  @Test
  void findsAnEventThatWasReceivedTwice() {
    received.add(event("Noted", "hot", 3));

    isFound(Flaw.DUPLICATE);
  }

  @Test
  void findsADuplicateThatComesLate() {
    received.add(event("Noted", "hot", 1));

    isFound(Flaw.DUPLICATE);
  }

  @Test
  void findsTwoRowsOfOneEvent() {
    OutboxRow row = outbox.get(0);
    outbox.add(new OutboxRow(100, row.eventId(), row.type(), row.key(), row.payload(), ASKED));

    isFound(Flaw.DUPLICATE);
  }

  @Test
  void letsRepeatWhatWasAnnounced() {
    received.add(event("Noted", "hot", 2));
    received.add(event("Noted", "hot", 3));
    mayRepeat = Set.of(event("Noted", "hot", 2).id(), event("Noted", "hot", 3).id());

    areFound(Map.of());
    assertThat(judge().repeated()).isEqualTo(2);
  }

  @Test
  void letsNothingElseRepeat() {
    received.add(event("Noted", "hot", 1));
    received.add(event("Noted", "hot", 2));
    mayRepeat = Set.of(event("Noted", "hot", 2).id());

    isFound(Flaw.DUPLICATE);
    assertThat(judge().repeated()).isEqualTo(1);
  }

  @Test
  void letsNothingRepeatDifferently() {
    OutboxRow row = outbox.get(0);
    mayRepeat = Set.of(row.eventId());
    received.add(
        new OutboxRow(1, row.eventId(), row.type(), row.key(), "{}", ASKED).event("topic", 0, 50));

    isFound(Flaw.PHANTOM);
  }

  @Test
  void findsAnEventThatWasRolledBack() {
    received.add(
        new OutboxRow(50, "rolled back", "Noted", "hot", "{}", ASKED).event("topic", 0, 50));

    isFound(Flaw.PHANTOM);
  }

  @Test
  void findsAnEventWithoutAnId() {
    received.add(new Event("topic", 0, 50, "hot", "{\"number\":4}", Map.of()));

    isFound(Flaw.PHANTOM);
  }

  @Test
  void findsAnEventOfAnotherKeyTypeOrPayload() {
    OutboxRow row = outbox.get(indexOf("Noted", "hot", 3));
    Event event = row.event("topic", 0, row.id());
    List<Event> spoiled =
        List.of(
            new Event("topic", 0, 9, "cold", event.value(), event.headers()),
            new Event("topic", 0, 9, "hot", "{\"number\": 3}", event.headers()),
            new Event("topic", 0, 9, "hot", event.value(), Map.of("ce_id", event.id())));

    for (Event each : spoiled) {
      received.set(received.size() - 1, each);
      areFound(Map.of(Flaw.PHANTOM, 1, Flaw.LOST, 1));
    }
  }

  @Test
  void findsAReportOfWhatFailed() {
    int index = operations.size() - 2;
    operations.set(index, operations.get(index).with(Outcome.FAILED));
    replace(new Approval(APPROVED, "pending", 1, ASKED, LATER, null));
    operations.set(0, operation(APPROVED, Kind.CREATED, 1, LATER, Outcome.OK));

    // The report, what the trigger told, and that this was the end.
    areFound(Map.of(Flaw.PHANTOM, 2, Flaw.WRONG_VERSION, 1));
  }

  @Test
  void findsAReportOfAnApprovalThatIsNotThere() {
    row("ApprovalCreated", UUID.randomUUID().toString(), "version", 1);
    received.add(outbox.get(outbox.size() - 1).event("topic", 0, 50));

    isFound(Flaw.PHANTOM);
  }

  @Test
  void findsAnEventThatComesAfterALaterOneOfItsKey() {
    Event second = event("Noted", "hot", 2);
    received.remove(second);
    received.add(second);

    isFound(Flaw.MISORDERED);
  }

  @Test
  void findsANumberThatWasGivenTwice() {
    row("Noted", "hot", "number", 3);
    received.add(outbox.get(outbox.size() - 1).event("topic", 0, 50));

    isFound(Flaw.MISORDERED);
  }

  @Test
  void findsAKeyOnTwoPartitions() {
    received.set(received.size() - 1, outbox.get(outbox.size() - 1).event("topic", 1, 0));

    isFound(Flaw.MISORDERED);
  }

  @Test
  void refusesToJudgeWhatIsNotNumbered() {
    outbox.add(new OutboxRow(50, "not numbered", "Noted", "hot", "{}", ASKED));

    assertThatThrownBy(this::judge).hasMessageContaining("not numbered");
  }

  // Approvals.

  @Test
  void findsAnApprovalThatExpiredThoughItWasApproved() {
    replace(new Approval(APPROVED, "expired", 3, ASKED, DUE, DUE.plusMillis(3)));
    row("ApprovalExpired", APPROVED.toString(), "version", 3);
    received.add(outbox.get(outbox.size() - 1).event("topic", 0, 50));

    areFound(Map.of(Flaw.WRONGLY_EXPIRED, 1, Flaw.WRONG_VERSION, 1)); // and has two ends
  }

  @Test
  void findsWhatAnExpiryWithoutVersionAndEventLeft() {
    replace(new Approval(APPROVED, "expired", 2, ASKED, DUE, null));

    // Too low a version, no event, no time, and an event that it was decided.
    areFound(Map.of(Flaw.WRONGLY_EXPIRED, 1, Flaw.WRONG_VERSION, 4));
  }

  @Test
  void findsADecisionThatTheRowDoesNotShow() {
    replace(new Approval(APPROVED, "rejected", 2, ASKED, DUE, null));

    isFound(Flaw.WRONGLY_EXPIRED);
  }

  @Test
  void findsAnApprovalThatDidNotWaitForItsDeadline() {
    replace(new Approval(LAPSED, "expired", 2, ASKED, DUE, DUE.minusMillis(1)));

    isFound(Flaw.WRONGLY_EXPIRED);
  }

  @Test
  void findsAnApprovalThatDidNotWaitForTheDeadlineItWasExtendedTo() {
    replace(new Approval(EXTENDED, "expired", 3, ASKED, LATER, DUE.plusMillis(3)));
    row("ApprovalExpired", EXTENDED.toString(), "version", 3);
    received.add(outbox.get(outbox.size() - 1).event("topic", 0, 50));

    isFound(Flaw.WRONGLY_EXPIRED);
  }

  @Test
  void findsAnExtensionThatTheRowDoesNotShow() {
    replace(new Approval(EXTENDED, "pending", 2, ASKED, LATER.minusSeconds(1), null));

    isFound(Flaw.WRONGLY_EXPIRED);
  }

  @Test
  void findsAVersionThatNobodyMade() {
    operations.removeIf(each -> each.approval().equals(EXTENDED) && each.version() == 1);
    neverHappened(Kind.CREATED, EXTENDED, 1);

    areFound(Map.of(Flaw.WRONG_VERSION, 1, Flaw.LOST, 1));
  }

  @Test
  void findsAVersionThatWasMadeTwice() {
    operations.add(operation(EXTENDED, Kind.EXTENDED, 2, LATER, Outcome.OK));

    isFound(Flaw.WRONG_VERSION);
  }

  @Test
  void findsAVersionThatIsTooLow() {
    replace(new Approval(EXTENDED, "pending", 1, ASKED, LATER, null));

    // The operation, its row, and what the trigger told.
    areFound(Map.of(Flaw.WRONG_VERSION, 3));
  }

  @Test
  void findsAnApprovalThatNobodyDecided() {
    replace(new Approval(EXTENDED, "cancelled", 2, ASKED, LATER, null));

    areFound(Map.of(Flaw.WRONG_VERSION, 2)); // and no event tells of its end
  }

  @Test
  void findsAnExpiryThatWasNotRecorded() {
    neverHappened("ApprovalExpired", LAPSED, 2);

    isFound(Flaw.WRONG_VERSION);
  }

  @Test
  void findsAnExpiryThatWasRecordedTwice() {
    row("ApprovalExpired", LAPSED.toString(), "version", 2);
    received.add(outbox.get(outbox.size() - 1).event("elsewhere", 0, 50));

    isFound(Flaw.WRONG_VERSION);
  }

  @Test
  void findsAnExpiryThatDidNotHappen() {
    row("ApprovalExpired", APPROVED.toString(), "version", 2);
    received.add(outbox.get(outbox.size() - 1).event("elsewhere", 0, 50));

    isFound(Flaw.WRONG_VERSION);
  }

  @Test
  void findsAnExpiryThatTellsOfAnotherVersion() {
    replace(new Approval(LAPSED, "expired", 3, ASKED, DUE, DUE.plusMillis(3)));
    operations.add(operation(LAPSED, Kind.EXTENDED, 2, DUE, Outcome.UNKNOWN));

    areFound(Map.of(Flaw.WRONG_VERSION, 1));
  }

  @Test
  void findsAnEndThatNoEventTellsOf() {
    neverHappened("ApprovalDecided", APPROVED, 2);

    isFound(Flaw.WRONG_VERSION);
  }

  @Test
  void findsAnEndThatIsToldTwice() {
    row("ApprovalDecided", APPROVED.toString(), "version", 2);
    received.add(outbox.get(outbox.size() - 1).event("elsewhere", 0, 50));

    isFound(Flaw.WRONG_VERSION);
  }

  @Test
  void findsAnEndOfWhatIsPending() {
    row("ApprovalDecided", EXTENDED.toString(), "version", 2);
    received.add(outbox.get(outbox.size() - 1).event("elsewhere", 0, 50));

    areFound(Map.of(Flaw.WRONG_VERSION, 1, Flaw.PHANTOM, 1));
  }

  @Test
  void findsARequestAndAMoveThatNoEventTellsOf() {
    neverHappened("ApprovalRequested", EXTENDED, 1);
    neverHappened("ApprovalRescheduled", EXTENDED, 2);

    areFound(Map.of(Flaw.LOST, 2));
  }

  @Test
  void findsWhatWasToldOfAChangeAfterItWasReported() {
    Event told = event("ApprovalDecided", APPROVED.toString(), 2);
    received.remove(told);
    received.add(told);

    isFound(Flaw.MISORDERED);
  }

  @Test
  void findsAnAnswerThatWasNotSo() {
    operations.add(operation(LAPSED, Kind.TOLD_TOO_LATE, 0, null, Outcome.OK));
    areFound(Map.of());

    operations.add(operation(EXTENDED, Kind.TOLD_TOO_LATE, 0, null, Outcome.UNKNOWN));
    areFound(Map.of());

    operations.add(operation(EXTENDED, Kind.TOLD_TOO_LATE, 0, null, Outcome.OK));
    isFound(Flaw.WRONGLY_EXPIRED);
  }

  @Test
  void findsAMoveThatWasAcknowledgedAndLostToAnExpiry() {
    replace(new Approval(EXTENDED, "expired", 2, ASKED, DUE, DUE.plusMillis(3)));
    neverHappened(Kind.EXTENDED, EXTENDED, 2);
    row("ApprovalExpired", EXTENDED.toString(), "version", 2);
    received.add(outbox.get(outbox.size() - 1).event("topic", 0, 50));

    // The deadline, the version of the move, and the event that tells of it.
    areFound(Map.of(Flaw.WRONGLY_EXPIRED, 1, Flaw.WRONG_VERSION, 1, Flaw.LOST, 1));
  }

  @Test
  void findsAnApprovalThatIsOverdue() {
    settledTo = LATER.plusNanos(1);

    isFound(Flaw.OVERDUE);
  }

  @Test
  void doesNotAskForExpiryThatWasNotWaitedFor() {
    settledTo = Instant.MIN;

    areFound(Map.of());
  }

  // Unknown outcomes, either way.

  @Test
  void takesAnUnknownOperationThatHappened() {
    isUnknown(APPROVED, 2);
    isUnknown(EXTENDED, 2);
    isUnknown(LAPSED, 1);

    areFound(Map.of());
    assertThat(judge().unknown()).isEqualTo(3);
  }

  @Test
  void takesAnUnknownOperationThatDidNotHappen() {
    neverHappened(Kind.APPROVED, APPROVED, 2);
    isUnknown(APPROVED, 2);
    replace(new Approval(APPROVED, "expired", 2, ASKED, DUE, DUE.plusMillis(3)));
    row("ApprovalExpired", APPROVED.toString(), "version", 2);
    received.add(outbox.get(outbox.size() - 1).event("topic", 0, 50));

    neverHappened(Kind.EXTENDED, EXTENDED, 2);
    isUnknown(EXTENDED, 2);
    replace(new Approval(EXTENDED, "expired", 2, ASKED, DUE, DUE.plusMillis(3)));
    row("ApprovalExpired", EXTENDED.toString(), "version", 2);
    received.add(outbox.get(outbox.size() - 1).event("topic", 0, 51));

    operations.add(operation(UUID.randomUUID(), Kind.CREATED, 1, DUE, Outcome.UNKNOWN));

    areFound(Map.of());
  }

  @Test
  void takesAnUnknownOperationWhoseVersionAnotherTook() {
    operations.add(operation(APPROVED, Kind.CANCELLED, 2, null, Outcome.UNKNOWN));

    areFound(Map.of());
  }

  @Test
  void doesNotLetAnUnknownOperationExplainAnotherStatus() {
    operations.add(operation(APPROVED, Kind.CANCELLED, 2, null, Outcome.UNKNOWN));
    replace(new Approval(APPROVED, "cancelled", 2, ASKED, DUE, null));

    isFound(Flaw.WRONGLY_EXPIRED);
  }

  @Test
  void takesAnAcknowledgementOnlyOnce() {
    Operations recorded = new Operations();
    Operation invoked = recorded.invoke(APPROVED, Kind.APPROVED, 2, null);
    assertThat(recorded.all()).containsExactly(invoked);

    recorded.answer(invoked, Outcome.OK);
    assertThat(recorded.all()).containsExactly(invoked.with(Outcome.OK));

    recorded.answer(invoked, Outcome.FAILED);
    assertThatThrownBy(recorded::all).isInstanceOf(IllegalStateException.class);
  }
}
