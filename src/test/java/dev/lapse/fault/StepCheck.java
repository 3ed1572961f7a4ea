package dev.lapse.fault;

import static java.util.stream.Collectors.groupingBy;

import dev.lapse.fault.History.Approval;
import dev.lapse.fault.History.OutboxRow;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Follows each approval through the outbox, record by record, and holds what was told of its steps
 * against what was so at that place. The records of a key are in the order of its changes, for
 * whoever writes one holds the approval's lock.
 */
final class StepCheck {

  /** Shares of a time are rounded. */
  private static final Duration ROUNDING = Duration.ofNanos(2000);

  private final History history;
  private final Findings findings;
  private final List<Rung> ladder;

  StepCheck(History history, Findings findings) {
    this.history = history;
    this.findings = findings;
    this.ladder = history.ladder().stream().map(Rung::of).toList();
  }

  void run() {
    if (ladder.isEmpty()) {
      return;
    }
    Map<String, List<OutboxRow>> rows =
        history.outbox().stream()
            .filter(row -> row.type().startsWith("Approval"))
            .collect(groupingBy(OutboxRow::key));
    for (Approval approval : history.approvals()) {
      Followed followed = new Followed(approval);
      rows.getOrDefault(approval.id().toString(), List.of()).forEach(followed::follow);
      followed.end();
    }
  }

  private final class Followed {

    private final Approval approval;
    private final Set<String> told = new HashSet<>();
    private long version;
    private @Nullable Instant deadline;
    private boolean ended;

    Followed(Approval approval) {
      this.approval = approval;
    }

    void follow(OutboxRow row) {
      if (Reminder.isOne(row)) {
        remind(row, Reminder.of(row));
        return;
      }
      version = Math.max(version, row.number());
      switch (row.type()) {
        case "ApprovalRequested" -> deadline = Reminder.deadlineIn(row);
        case "ApprovalRescheduled" -> move(Reminder.deadlineIn(row), row.occurredAt());
        case "ApprovalDecided", "ApprovalExpired" -> ended = true;
        default -> {}
      }
    }

    /** What is ahead of the new deadline is to be told again. */
    private void move(Instant to, Instant movedAt) {
      deadline = to;
      ladder.stream()
          .filter(rung -> at(rung).isAfter(movedAt))
          .forEach(rung -> told.remove(rung.name()));
    }

    private Instant at(Rung rung) {
      return rung.at(approval.createdAt(), deadline());
    }

    private Instant deadline() {
      return deadline == null ? approval.expiresAt() : deadline;
    }

    private void remind(OutboxRow row, Reminder reminder) {
      if (ended) {
        findings.add(Flaw.WRONGLY_REMINDED, "%s came after the end".formatted(row));
      } else if (reminder.version() != version || !reminder.expiresAt().equals(deadline())) {
        findings.add(
            Flaw.WRONGLY_REMINDED,
            "%s: it was version %d, due at %s".formatted(row, version, deadline()));
      } else if (!reminder.firedAt().isBefore(deadline())) {
        findings.add(Flaw.WRONGLY_REMINDED, "%s was overdue".formatted(row));
      } else {
        tell(row, reminder);
      }
    }

    private void tell(OutboxRow row, Reminder reminder) {
      List<Rung> come =
          ladder.stream()
              .filter(rung -> !at(rung).isAfter(reminder.firedAt().plus(ROUNDING)))
              .sorted(Comparator.comparing(this::at))
              .toList();
      List<Rung> named =
          ladder.stream().filter(rung -> reminder.steps().contains(rung.name())).toList();
      if (named.size() != reminder.steps().size() || !come.containsAll(named)) {
        findings.add(Flaw.WRONGLY_REMINDED, "%s: only %s had come".formatted(row, come));
        return;
      }
      Rung last = come.get(come.size() - 1);
      if (!last.name().equals(reminder.step())
          || Duration.between(at(last), reminder.scheduledAt()).abs().compareTo(ROUNDING) > 0
          || reminder.escalates() != named.stream().anyMatch(Rung::escalates)) {
        findings.add(
            Flaw.WRONGLY_REMINDED, "%s: the last step was %s at %s".formatted(row, last, at(last)));
      }
      for (Rung rung : named) {
        if (!told.add(rung.name())) {
          findings.add(Flaw.DUPLICATE, "%s tells of %s again".formatted(row, rung.name()));
        }
      }
      forgotten(come, "when %s was told".formatted(row));
    }

    private void forgotten(List<Rung> come, String when) {
      come.stream()
          .filter(rung -> !told.contains(rung.name()))
          .forEach(
              rung ->
                  findings.add(
                      Flaw.FORGOTTEN, "%s of %s, %s".formatted(rung.name(), approval, when)));
    }

    void end() {
      if (deadline != null && !deadline.equals(approval.expiresAt())) {
        findings.add(Flaw.WRONG_VERSION, "%s: events say %s".formatted(approval, deadline));
      } else if (approval.isPending()) {
        List<Rung> come =
            ladder.stream().filter(rung -> at(rung).isBefore(history.settledTo())).toList();
        forgotten(come, "to the end");
      }
    }
  }
}
