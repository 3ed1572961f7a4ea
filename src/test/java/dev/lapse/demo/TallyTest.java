package dev.lapse.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lapse.demo.Decision.Answer;
import dev.lapse.demo.Decision.Kind;
import dev.lapse.demo.Downstream.Notice;
import dev.lapse.demo.Downstream.Receipt;
import dev.lapse.demo.Ledger.Approval;
import dev.lapse.demo.Tally.Percentiles;
import dev.lapse.support.EventConsumer.Event;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TallyTest {

  private static final Instant DUE = Instant.parse("2030-01-01T00:00:00Z");

  private final Map<UUID, Approval> approvals = new HashMap<>();
  private final List<String> outbox = new ArrayList<>();
  private final List<Receipt> receipts = new ArrayList<>();
  private final List<Decision> decisions = new ArrayList<>();
  private final Map<String, List<String>> recorded = new HashMap<>();
  private final List<Notice> notices = new ArrayList<>();
  private long lateAnswers;
  private final UUID lapsed = UUID.randomUUID();
  private final UUID approved = UUID.randomUUID();

  /** One lapsed and heard of, one approved: all is well. */
  @BeforeEach
  void agree() {
    approval(lapsed, "expired", 2);
    approval(approved, "approved", 0);
    outbox.add("e1");
    receipts.add(receipt("e1", lapsed));
    decisions.add(decision(approved, Answer.CONFIRMED));
    recorded.put(Tally.REMINDER, List.of("r1"));
    notices.add(new Notice("r1", Tally.REMINDER, false));
    recorded.put(Tally.MOVE, List.of("m1"));
    notices.add(new Notice("m1", Tally.MOVE, false));
    decisions.add(
        new Decision(approved, Kind.EXTEND, Duration.ofMillis(3), Answer.CONFIRMED, null));
    decisions.add(decision(lapsed, Answer.TOO_LATE));
    lateAnswers = 1;
  }

  @Test
  void agrees() {
    assertThat(tally().disagreements()).isEmpty();
    assertThat(tally().agrees()).isTrue();
    assertThat(printed()).contains("It AGREES").doesNotContain("!!!");
  }

  @Test
  void saysLoudlyThatItDoesNotAgree() {
    receipts.clear();

    assertThat(tally().agrees()).isFalse();
    assertThat(printed())
        .contains("!!! IT DOES NOT AGREE !!!")
        .contains("!!! outbox rows whose event the consumer did not receive: 1")
        .doesNotContain("It AGREES");
  }

  @Test
  void noticesALostEventThatAnInventedOneMakesUpFor() {
    receipts.set(0, receipt("e2", lapsed));

    assertThat(tally().distinctEvents()).isEqualTo(tally().outboxRows());
    assertThat(tally().disagreements())
        .containsExactly(
            "outbox rows whose event the consumer did not receive: 1",
            "events received that are in no outbox row: 1");
  }

  @Test
  void noticesAnEventReceivedTwice() {
    receipts.add(receipt("e1", lapsed));

    assertThat(tally().disagreements()).containsExactly("events received again: 1");
  }

  @Test
  void noticesAnEventForAnApprovalThatWasDecided() {
    outbox.add("e2");
    receipts.add(receipt("e2", approved));

    assertThat(tally().disagreements()).contains("events for an approval that has not expired: 1");
  }

  @Test
  void noticesAnExpiryThatNobodyRecorded() {
    approval(UUID.randomUUID(), "expired", 2);

    assertThat(tally().disagreements())
        .containsExactly(
            "expired approvals and outbox rows differ by 1",
            "expired, and the consumer never heard of it: 1");
  }

  @Test
  void noticesAnExpiryBeforeTheDeadline() {
    approval(lapsed, "expired", -1);

    assertThat(tally().disagreements()).containsExactly("expired before due: 1");
  }

  @Test
  void noticesWhatShouldHaveLapsedAndDidNot() {
    UUID forgotten = UUID.randomUUID();
    approvals.put(forgotten, new Approval(forgotten, "pending", DUE, null, true));

    assertThat(tally().disagreements()).containsExactly("due, and still pending: 1");
  }

  @Test
  void noticesAConfirmedDecisionThatDoesNotStand() {
    decisions.add(decision(lapsed, Answer.CONFIRMED));

    assertThat(tally().disagreements())
        .containsExactly("decisions confirmed to the approver that do not stand: 1");
  }

  @Test
  void noticesAnApproverWhoGotAnUnexpectedAnswer() {
    decisions.add(decision(lapsed, Answer.FAILED));

    assertThat(tally().disagreements())
        .containsExactly("an approver got an unexpected answer: APPROVE: because");
  }

  @Test
  void noticesALostReminderAndOneThatCameTwice() {
    recorded.put(Tally.REMINDER, List.of("r1", "r2", "r3"));
    notices.add(new Notice("r3", Tally.REMINDER, false));
    notices.add(new Notice("r3", Tally.REMINDER, false));

    assertThat(tally().disagreements())
        .containsExactly("events of type ApprovalExpiring recorded and not received, or twice: 2");
  }

  @Test
  void noticesAReminderAfterTheExpiry() {
    notices.set(0, new Notice("r1", Tally.REMINDER, true));

    assertThat(tally().disagreements()).containsExactly("reminders received after the expiry: 1");
  }

  @Test
  void noticesAMoveThatNobodyRecorded() {
    recorded.remove(Tally.MOVE);
    notices.removeIf(notice -> notice.type().equals(Tally.MOVE));

    assertThat(tally().disagreements()).containsExactly("confirmed moves and records differ by 1");
  }

  @Test
  void noticesALateAnswerThatNobodyRecorded() {
    lateAnswers = 0;

    assertThat(tally().disagreements())
        .containsExactly("approvers told that they were too late, and records of it, differ by 1");
  }

  @Test
  void ranksPercentilesByNearestRank() {
    Percentiles hundred =
        Percentiles.of(IntStream.rangeClosed(1, 100).mapToObj(Duration::ofMillis));

    assertThat(hundred)
        .isEqualTo(
            new Percentiles(Duration.ofMillis(50), Duration.ofMillis(99), Duration.ofMillis(100)));
  }

  private Tally tally() {
    return new Tally(
        new Ledger(approvals, outbox, recorded, lateAnswers), receipts, notices, decisions);
  }

  private String printed() {
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    new Screen(new PrintStream(printed, true, StandardCharsets.UTF_8)).tally(tally());
    return printed.toString(StandardCharsets.UTF_8);
  }

  private void approval(UUID id, String status, long lateMillis) {
    approvals.put(id, new Approval(id, status, DUE, DUE.plusMillis(lateMillis), false));
  }

  private static Receipt receipt(String eventId, UUID approval) {
    Event event = new Event("approvals.expired", 0, 0, approval.toString(), "{}", Map.of());
    return new Receipt(eventId, approval, DUE, DUE.plusMillis(20), event);
  }

  private static Decision decision(UUID approval, Answer answer) {
    return new Decision(approval, Kind.APPROVE, Duration.ofMillis(3), answer, "because");
  }
}
