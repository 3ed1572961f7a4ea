package dev.lapse.fault;

import static java.util.Comparator.comparingInt;
import static java.util.stream.Collectors.groupingBy;

import dev.lapse.fault.History.Approval;
import dev.lapse.fault.History.OutboxRow;
import dev.lapse.fault.Operations.Kind;
import dev.lapse.fault.Operations.Operation;
import dev.lapse.fault.Operations.Outcome;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;

/** Holds the approvals and their outbox rows against what clients were told. */
final class ApprovalCheck {

  private static final String EXPIRED = "ApprovalExpired";
  private static final String DECIDED = "ApprovalDecided";

  private final History history;
  private final Findings findings;

  /** Those that happened or may have. */
  private final Map<UUID, List<Operation>> operations;

  private final Map<String, List<OutboxRow>> rows;

  ApprovalCheck(History history, Findings findings) {
    this.history = history;
    this.findings = findings;
    this.operations =
        history.operations().stream()
            .filter(operation -> operation.outcome() != Outcome.FAILED)
            .collect(groupingBy(Operation::approval));
    this.rows =
        history.outbox().stream()
            .filter(row -> row.type().startsWith("Approval"))
            .collect(groupingBy(OutboxRow::key));
  }

  void run() {
    Map<String, List<Approval>> approvals =
        history.approvals().stream().collect(groupingBy(approval -> approval.id().toString()));
    history.approvals().forEach(this::check);
    operations.forEach(
        (id, all) -> {
          if (!approvals.containsKey(id.toString())
              && all.stream().anyMatch(this::isAcknowledged)) {
            findings.add(Flaw.LOST, "approval %s was acknowledged and is not there".formatted(id));
          }
        });
    rows.forEach(
        (key, all) -> {
          if (!approvals.containsKey(key)) {
            findings.add(
                Flaw.PHANTOM, "%s speaks of an approval that is not there".formatted(all.get(0)));
          }
        });
  }

  private void check(Approval approval) {
    List<Operation> operations = this.operations.getOrDefault(approval.id(), List.of());
    List<OutboxRow> rows = this.rows.getOrDefault(approval.id().toString(), List.of());
    checkDecision(approval, operations);
    checkDeadline(approval, operations);
    checkVersion(approval, operations);
    checkStatus(approval, operations);
    checkExpiry(approval, rows);
    checkEnd(approval, operations, rows);
    rows.forEach(row -> checkReport(approval, operations, row));
    checkNotices(approval, operations, rows);
    if (approval.isPending() && approval.expiresAt().isBefore(history.settledTo())) {
      findings.add(Flaw.OVERDUE, "%s is still pending".formatted(approval));
    }
  }

  /** What somebody was told was decided, the row says, unless he or another went on from there. */
  private void checkDecision(Approval approval, List<Operation> operations) {
    Optional<Operation> decision =
        acknowledged(operations)
            .filter(operation -> operation.kind().decides())
            .max(comparingInt(Operation::version));
    decision
        .filter(
            last ->
                approval.isExpired()
                    || (last.version() >= approval.version()
                        && !last.kind().status().equals(approval.status())))
        .ifPresent(
            last ->
                findings.add(
                    Flaw.WRONGLY_EXPIRED,
                    "%s was acknowledged as %s in version %d"
                        .formatted(approval, last.kind().status(), last.version())));
  }

  /** The deadline that somebody was told is the one that counts, and it was waited for. */
  private void checkDeadline(Approval approval, List<Operation> operations) {
    Instant executedAt = approval.executedAt();
    Instant told = told(operations).orElse(approval.expiresAt());
    if (!told.equals(approval.expiresAt())) {
      findings.add(Flaw.WRONGLY_EXPIRED, "%s was given until %s".formatted(approval, told));
    } else if (approval.isExpired() && executedAt != null && executedAt.isBefore(told)) {
      findings.add(Flaw.WRONGLY_EXPIRED, "%s did not wait for its deadline".formatted(approval));
    }
  }

  /** Empty if an extension of unknown outcome may have changed it since. */
  private Optional<Instant> told(List<Operation> operations) {
    return operations.stream()
        .filter(operation -> operation.deadline() != null)
        .max(comparingInt(Operation::version).thenComparing(this::isAcknowledged))
        .filter(this::isAcknowledged)
        .map(Operation::deadline);
  }

  /** One change led to each version, the last of an expired approval being its expiry. */
  private void checkVersion(Approval approval, List<Operation> operations) {
    int last = approval.isExpired() ? approval.version() - 1 : approval.version();
    for (int version = 1; version <= last; version++) {
      int wanted = version;
      List<Operation> leading =
          operations.stream().filter(operation -> operation.version() == wanted).toList();
      if (leading.isEmpty() || acknowledged(leading).count() > 1) {
        findings.add(
            Flaw.WRONG_VERSION,
            "%s: version %d was made by %s".formatted(approval, version, leading));
      }
    }
    acknowledged(operations)
        .filter(operation -> operation.version() > last)
        .forEach(
            operation ->
                findings.add(
                    Flaw.WRONG_VERSION,
                    "%s: %s led to a later one".formatted(approval, operation)));
  }

  /** Somebody made it what it is; checkDecision tells of those whose decision was overruled. */
  private void checkStatus(Approval approval, List<Operation> operations) {
    if (!approval.isExpired()
        && operations.stream()
            .filter(operation -> operation.version() == approval.version())
            .noneMatch(operation -> operation.kind().status().equals(approval.status()))
        && acknowledged(operations).noneMatch(operation -> operation.kind().decides())) {
      findings.add(
          Flaw.WRONG_VERSION, "%s: nobody made it %s".formatted(approval, approval.status()));
    }
  }

  private void checkExpiry(Approval approval, List<OutboxRow> rows) {
    List<OutboxRow> expiries = rows.stream().filter(row -> row.type().equals(EXPIRED)).toList();
    if (expiries.size() != (approval.isExpired() ? 1 : 0)) {
      findings.add(
          Flaw.WRONG_VERSION,
          "%s has %d rows that say it expired".formatted(approval, expiries.size()));
    } else if (approval.isExpired() && expiries.get(0).number() != approval.version()) {
      findings.add(
          Flaw.WRONG_VERSION, "%s: its expiry says %s".formatted(approval, expiries.get(0)));
    }
    if (approval.isExpired() && approval.executedAt() == null) {
      findings.add(Flaw.WRONG_VERSION, "%s does not say when it expired".formatted(approval));
    }
  }

  /** One event tells of the end, and who came too late was told the truth. */
  private void checkEnd(Approval approval, List<Operation> operations, List<OutboxRow> rows) {
    long ends = rows.stream().filter(row -> row.type().equals(DECIDED)).count();
    if (ends != (approval.isPending() || approval.isExpired() ? 0 : 1)) {
      findings.add(
          Flaw.WRONG_VERSION, "%s has %d rows that say it was decided".formatted(approval, ends));
    }
    if (!approval.isExpired()
        && acknowledged(operations).anyMatch(o -> o.kind() == Kind.TOLD_TOO_LATE)) {
      findings.add(
          Flaw.WRONGLY_EXPIRED, "%s: somebody was told that it has expired".formatted(approval));
    }
  }

  /** A trigger has told of each change that a client reported, in the same transaction. */
  private void checkNotices(Approval approval, List<Operation> operations, List<OutboxRow> rows) {
    acknowledged(operations)
        .filter(o -> o.kind() == Kind.CREATED || o.kind() == Kind.EXTENDED)
        .filter(o -> rows.stream().noneMatch(row -> isNoticeOf(o, row)))
        .forEach(
            operation ->
                findings.add(Flaw.LOST, "%s: no event tells of %s".formatted(approval, operation)));
  }

  private static boolean isNoticeOf(Operation operation, OutboxRow row) {
    return operation.version() == row.number() && row.type().equals(operation.kind().notice());
  }

  /** Every other row reports what a client did, and nothing that was rolled back. */
  private void checkReport(Approval approval, List<Operation> operations, OutboxRow row) {
    boolean isOurs = row.type().equals(EXPIRED) || Reminder.isOne(row);
    if (!isOurs && operations.stream().noneMatch(o -> reports(row, o))) {
      findings.add(Flaw.PHANTOM, "%s reports what nobody did".formatted(row));
    } else if (row.number() > approval.version()) {
      findings.add(Flaw.WRONG_VERSION, "%s: %s is of a later one".formatted(approval, row));
    }
  }

  private static boolean reports(OutboxRow row, Operation operation) {
    return isNoticeOf(operation, row)
        || (operation.version() == row.number() && operation.kind().eventType().equals(row.type()));
  }

  private Stream<Operation> acknowledged(List<Operation> operations) {
    return operations.stream().filter(this::isAcknowledged);
  }

  private boolean isAcknowledged(Operation operation) {
    return operation.outcome() == Outcome.OK;
  }
}
