package dev.lapse.demo;

import dev.lapse.demo.Decision.Answer;
import dev.lapse.demo.Decision.Kind;
import dev.lapse.demo.Downstream.Notice;
import dev.lapse.demo.Downstream.Receipt;
import dev.lapse.demo.Ledger.Approval;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Compares what the database holds, what the consumer received and what the approvers were told.
 * Each approval and each event by its id: equal numbers alone could hide one lost and one invented.
 */
record Tally(
    Ledger ledger, List<Receipt> receipts, List<Notice> notices, List<Decision> decisions) {

  static final String REMINDER = "ApprovalExpiring";
  static final String MOVE = "ApprovalRescheduled";

  int expired() {
    return ledger.expired().size();
  }

  int outboxRows() {
    return ledger.outbox().size();
  }

  int distinctEvents() {
    return receivedIds().size();
  }

  int receivedTwice() {
    return receipts.size() - distinctEvents();
  }

  /** Events for approvals that somebody decided, or that never were. */
  long eventsForDecided() {
    return receipts.stream().filter(receipt -> !isExpired(receipt.approval())).count();
  }

  long expiredBeforeDue() {
    return ledger.expired().stream().filter(a -> a.lateness().isNegative()).count();
  }

  long dueAndPending() {
    return ledger.approvals().values().stream().filter(Approval::overdue).count();
  }

  /** Decisions that an approver was told are done, and are not. */
  long confirmedInVain() {
    return decisions.stream()
        .filter(d -> d.isDecision() && d.is(Answer.CONFIRMED) && !stands(d))
        .count();
  }

  /** Rows of a type in the outbox. */
  int recorded(String type) {
    return ledger.notices().getOrDefault(type, List.of()).size();
  }

  int received(String type) {
    return receivedOf(type).size();
  }

  /** Reminders that the consumer received after it had received the expiry. */
  long remindersAfterExpiry() {
    return notices.stream().filter(n -> n.type().equals(REMINDER) && n.afterExpiry()).count();
  }

  /** Moves that an approver was told are done. */
  long confirmedMoves() {
    return decisions.stream()
        .filter(d -> d.kind() == Kind.EXTEND && d.is(Answer.CONFIRMED))
        .count();
  }

  /** Approvers whom decide_approval told that they were too late. */
  long toldTooLate() {
    return decisions.stream()
        .filter(d -> d.kind() == Kind.APPROVE && d.is(Answer.TOO_LATE))
        .count();
  }

  /** What does not agree, one line each; empty if all is well. */
  List<String> disagreements() {
    List<String> found = new ArrayList<>();
    Set<UUID> reported =
        receipts.stream().map(Receipt::approval).collect(Collectors.toUnmodifiableSet());
    long unheard = ledger.expired().stream().filter(a -> !reported.contains(a.id())).count();
    long unread = ledger.outbox().stream().filter(id -> !receivedIds().contains(id)).count();
    long unknown = receivedIds().stream().filter(id -> !ledger.outbox().contains(id)).count();
    add(found, Math.abs(expired() - outboxRows()), "expired approvals and outbox rows differ by");
    add(found, unheard, "expired, and the consumer never heard of it:");
    add(found, unread, "outbox rows whose event the consumer did not receive:");
    add(found, unknown, "events received that are in no outbox row:");
    add(found, receivedTwice(), "events received again:");
    add(found, eventsForDecided(), "events for an approval that has not expired:");
    add(found, expiredBeforeDue(), "expired before due:");
    add(found, dueAndPending(), "due, and still pending:");
    add(found, confirmedInVain(), "decisions confirmed to the approver that do not stand:");
    for (String type : List.of(REMINDER, MOVE)) {
      Set<String> unlike = new HashSet<>(ledger.notices().getOrDefault(type, List.of()));
      receivedOf(type).forEach(id -> toggle(unlike, id));
      add(found, unlike.size(), "events of type " + type + " recorded and not received, or twice:");
    }
    add(
        found,
        Math.abs(confirmedMoves() - recorded(MOVE)),
        "confirmed moves and records differ by");
    add(found, remindersAfterExpiry(), "reminders received after the expiry:");
    add(
        found,
        Math.abs(toldTooLate() - ledger.lateAnswers()),
        "approvers told that they were too late, and records of it, differ by");
    failures().forEach(failure -> found.add("an approver got an unexpected answer: " + failure));
    return found;
  }

  boolean agrees() {
    return disagreements().isEmpty();
  }

  Percentiles lateness() {
    return Percentiles.of(ledger.expired().stream().map(Approval::lateness));
  }

  Percentiles deadlineToReceipt() {
    return Percentiles.of(receipts.stream().map(Receipt::sinceDeadline));
  }

  private Stream<String> failures() {
    return decisions.stream()
        .filter(d -> d.is(Answer.FAILED))
        .map(d -> d.kind() + ": " + d.detail());
  }

  private Set<String> receivedIds() {
    return receipts.stream().map(Receipt::eventId).collect(Collectors.toUnmodifiableSet());
  }

  private boolean isExpired(UUID id) {
    Approval approval = ledger.approvals().get(id);
    return approval != null && approval.isExpired();
  }

  private boolean stands(Decision decision) {
    Approval approval = ledger.approvals().get(decision.approval());
    return approval != null && approval.status().equals(decision.kind().status());
  }

  private List<String> receivedOf(String type) {
    return notices.stream().filter(n -> n.type().equals(type)).map(Notice::eventId).toList();
  }

  private static void toggle(Set<String> ids, String id) {
    if (!ids.remove(id)) {
      ids.add(id);
    }
  }

  private static void add(List<String> found, long count, String what) {
    if (count > 0) {
      found.add(what + " " + count);
    }
  }

  /** By nearest rank; zero of nothing. */
  record Percentiles(Duration p50, Duration p99, Duration max) {

    static Percentiles of(Stream<Duration> durations) {
      List<Duration> sorted = durations.sorted().toList();
      return new Percentiles(rank(sorted, 0.5), rank(sorted, 0.99), rank(sorted, 1));
    }

    private static Duration rank(List<Duration> sorted, double share) {
      return sorted.isEmpty()
          ? Duration.ZERO
          : sorted.get(Math.max(0, (int) Math.ceil(share * sorted.size()) - 1));
    }
  }
}
