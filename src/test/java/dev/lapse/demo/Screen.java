package dev.lapse.demo;

import dev.lapse.demo.Decision.Answer;
import dev.lapse.demo.Downstream.Notice;
import dev.lapse.demo.Downstream.Receipt;
import dev.lapse.demo.Tally.Percentiles;
import java.io.PrintStream;
import java.time.Duration;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;

/** What a person sees: at the most 100 columns of ASCII, a line a second. */
final class Screen {

  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("HH:mm:ss", Locale.ROOT);
  private static final int LINES_BETWEEN_HEADS = 20;

  private final PrintStream out;
  private int lines;
  private int decisionsShown;
  private int receiptsShown;
  private int noticesShown;
  private int expiredShown;

  Screen(PrintStream out) {
    this.out = out;
  }

  void say(String text, Object... args) {
    out.println(String.format(Locale.ROOT, text, args).stripTrailing());
    out.flush();
  }

  /** The second that has just passed. */
  void second(int expired, List<Decision> decisions, List<Receipt> receipts, List<Notice> notices) {
    if (lines++ % LINES_BETWEEN_HEADS == 0) {
      say("");
      say("            approvers                                | service        | consumer");
      say(
          "  time      approved  cancelled  extended  too late  | expired  total | reminders  expiries"
              + "  slowest");
    }
    List<Decision> newDecisions = decisions.subList(decisionsShown, decisions.size());
    List<Receipt> newReceipts = receipts.subList(receiptsShown, receipts.size());
    say(
        "  %s %9s %10s %9s %9s  | %7s %6d | %9s %9s %8s",
        TIME.format(LocalTime.now(ZoneId.systemDefault())),
        count(newDecisions, d -> d.is(Answer.CONFIRMED) && "approved".equals(d.kind().status())),
        count(newDecisions, d -> d.is(Answer.CONFIRMED) && d.kind() == Decision.Kind.CANCEL),
        count(newDecisions, d -> d.is(Answer.CONFIRMED) && d.kind() == Decision.Kind.EXTEND),
        count(newDecisions, d -> !d.is(Answer.CONFIRMED)),
        orDot(expired - expiredShown),
        expired,
        orDot(
            notices.subList(noticesShown, notices.size()).stream()
                .filter(notice -> notice.type().equals(Tally.REMINDER))
                .count()),
        orDot(newReceipts.size()),
        newReceipts.isEmpty()
            ? ""
            : millis(Percentiles.of(newReceipts.stream().map(Receipt::sinceDeadline)).max()));
    decisionsShown = decisions.size();
    receiptsShown = receipts.size();
    noticesShown = notices.size();
    expiredShown = expired;
  }

  /** One event as a consumer gets it, so that one has seen one. */
  void example(Receipt receipt) {
    lines = 0; // a head again
    var event = receipt.event();
    say("");
    say(
        "The first event, as the consumer received it (%s, partition %d, offset %d):",
        event.topic(), event.partition(), event.offset());
    event.headers().forEach((name, value) -> say("  %-16s %s", name, value));
    say("  %-16s %s", "key", event.key());
    say("  %-16s %s", "value", event.value().replace(",\"", ",\n" + " ".repeat(19) + "\""));
  }

  void tally(Tally tally) {
    say("");
    say(
        "THE TALLY of %d approvals: %d expired, %d approved, %d cancelled",
        tally.ledger().approvals().size(),
        tally.expired(),
        tally.ledger().count("approved"),
        tally.ledger().count("cancelled"));
    say("");
    row("expired in PostgreSQL", tally.expired(), "");
    row("outbox rows of type ApprovalExpired", tally.outboxRows(), "must be the same");
    row("distinct events received, read_committed", tally.distinctEvents(), "must be the same");
    row("events received twice", tally.receivedTwice(), "must be 0");
    row("events for an approval that was decided", tally.eventsForDecided(), "must be 0");
    row("expired before due", tally.expiredBeforeDue(), "must be 0");
    row("due, and still pending", tally.dueAndPending(), "must be 0");
    row("confirmed decisions that do not stand", tally.confirmedInVain(), "must be 0");
    say("");
    row("reminders recorded", tally.recorded(Tally.REMINDER), "");
    row("reminders received", tally.received(Tally.REMINDER), "must be the same");
    row("reminders received after the expiry", tally.remindersAfterExpiry(), "must be 0");
    row("moves confirmed to approvers", tally.confirmedMoves(), "");
    row("moves received", tally.received(Tally.MOVE), "must be the same");
    row("approvers told by how much they were late", tally.toldTooLate(), "");
    row("records of it", tally.ledger().lateAnswers(), "must be the same");
    say("");
    percentiles("lateness, from deadline to expiry", tally.lateness());
    percentiles("from deadline to receipt by the consumer", tally.deadlineToReceipt());
    say("");
    races(tally);
    say("");
    if (tally.agrees()) {
      say("It AGREES: what expired was published, each exactly once, and nothing else was.");
    } else {
      say("!!! IT DOES NOT AGREE !!!");
      tally.disagreements().forEach(line -> say("!!! %s", line));
    }
    say("");
  }

  private void races(Tally tally) {
    List<Decision> races = tally.decisions().stream().filter(Decision::isRace).toList();
    List<Decision> early = races.stream().filter(Decision::isInTime).toList();
    List<Decision> late = races.stream().filter(d -> !d.isInTime()).toList();
    say(
        "  The race: of %d decisions %d were sent within 50 ms of the deadline.",
        tally.decisions().stream().filter(Decision::isDecision).count(), races.size());
    race("in the last 50 ms", early);
    race("in the 50 ms after", late);
    long uncaring = late.stream().filter(d -> d.is(Answer.CONFIRMED)).count();
    if (uncaring > 0) {
      say(
          "  %d of those won after the deadline, a moment before the service came by: their SQL",
          uncaring);
      say("  does not ask for expires_at > clock_timestamp(). Approved is approved: no event.");
    }
  }

  private void race(String when, List<Decision> decisions) {
    say(
        "    %-19s %4d: %4s won, %4s came too late, %3s were refused by the guard",
        when,
        decisions.size(),
        count(decisions, d -> d.is(Answer.CONFIRMED)),
        count(decisions, d -> d.is(Answer.TOO_LATE)),
        count(decisions, d -> d.is(Answer.REFUSED)));
  }

  private void row(String what, long count, String rule) {
    say("  %-44s %6d   %s", what, count, rule);
  }

  private void percentiles(String what, Percentiles p) {
    say(
        "  %-44s p50 %s   p99 %s   max %s",
        what, millis(p.p50()), millis(p.p99()), millis(p.max()));
  }

  private static String count(List<Decision> decisions, Predicate<Decision> which) {
    return orDot(decisions.stream().filter(which).count());
  }

  private static String orDot(long count) {
    return count == 0 ? "." : Long.toString(count);
  }

  private static String millis(Duration duration) {
    double millis = duration.toNanos() / 1e6;
    return String.format(Locale.ROOT, millis < 10 ? "%.1f ms" : "%.0f ms", millis);
  }
}
