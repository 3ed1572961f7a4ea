package dev.lapse.fault;

import dev.lapse.fault.History.Approval;
import dev.lapse.fault.History.OutboxRow;
import dev.lapse.fault.History.Place;
import dev.lapse.fault.Operations.Operation;
import dev.lapse.fault.Operations.Outcome;
import dev.lapse.support.EventConsumer.Event;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** Holds what was received against the outbox: each row once, as it is, in its key's order. */
final class EventCheck {

  private final History history;
  private final Findings findings;
  private final Map<String, OutboxRow> rows = new LinkedHashMap<>();
  private final Set<String> seen = new HashSet<>();
  private final Map<Stream, Place> highest = new HashMap<>();
  private final Map<Stream, Integer> partitions = new HashMap<>();
  private int repeated;

  /** The events of a key in a topic, among which alone consumers are promised an order. */
  private record Stream(String topic, String key) {}

  EventCheck(History history, Findings findings) {
    this.history = history;
    this.findings = findings;
  }

  /** Returns how many events repeated as announced. */
  int run() {
    for (OutboxRow row : history.outbox()) {
      if (rows.putIfAbsent(row.eventId(), row) != null) {
        findings.add(
            Flaw.DUPLICATE, "two rows of the outbox are event %s".formatted(row.eventId()));
      }
    }
    history.received().forEach(this::check);
    for (OutboxRow row : rows.values()) {
      if (!seen.contains(row.eventId())) {
        findings.add(Flaw.LOST, "%s was committed and not received".formatted(row));
      }
    }
    findGaps();
    return repeated;
  }

  private void check(Event event) {
    String id = event.headers().getOrDefault("ce_id", "");
    OutboxRow row = rows.get(id);
    if (row == null) {
      findings.add(Flaw.PHANTOM, "%s was received and has no row".formatted(event));
    } else if (!row.isOf(event)) {
      findings.add(
          Flaw.PHANTOM, "%s was received and differs from its row %s".formatted(event, row));
    } else if (seen.add(id)) {
      checkOrder(event, row.place());
    } else if (history.mayRepeat().contains(id)) {
      repeated++;
    } else {
      findings.add(Flaw.DUPLICATE, "%s was received again".formatted(event));
    }
  }

  private void checkOrder(Event event, Place place) {
    Stream stream = new Stream(event.topic(), event.key());
    Integer partition = partitions.putIfAbsent(stream, event.partition());
    if (partition != null && partition != event.partition()) {
      findings.add(
          Flaw.MISORDERED, "%s: its key was on partition %d before".formatted(event, partition));
      return;
    }
    Place before = highest.get(stream);
    if (before == null || place.compareTo(before) > 0) {
      highest.put(stream, place);
    } else {
      findings.add(Flaw.MISORDERED, "%s was received after %s of its key".formatted(event, before));
    }
  }

  /** A number that no row has, up to what a row, an approval or an acknowledgement says. */
  private void findGaps() {
    Map<String, Set<Long>> numbers = new LinkedHashMap<>();
    Map<String, Long> last = new HashMap<>();
    for (OutboxRow row : history.outbox()) {
      if (row.isReport()) {
        numbers.computeIfAbsent(row.key(), unused -> new HashSet<>()).add(row.number());
      }
      last.merge(row.key(), row.number(), Math::max);
    }
    for (Operation operation : history.operations()) {
      if (operation.outcome() == Outcome.OK) {
        last.merge(operation.approval().toString(), (long) operation.version(), Math::max);
      }
    }
    for (Approval approval : history.approvals()) {
      // Whether an expiry was recorded is ApprovalCheck's question.
      long reported = (long) approval.version() - (approval.isExpired() ? 1 : 0);
      last.merge(approval.id().toString(), reported, Math::max);
    }
    last.forEach(
        (key, to) -> {
          for (long number = 1; number <= to; number++) {
            if (!numbers.getOrDefault(key, Set.of()).contains(number)) {
              findings.add(
                  Flaw.LOST, "number %d of key %s is not in the outbox".formatted(number, key));
            }
          }
        });
  }
}
