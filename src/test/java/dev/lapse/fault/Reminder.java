package dev.lapse.fault;

import dev.lapse.fault.History.OutboxRow;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What an {@code ApprovalExpiring} or {@code ApprovalEscalated} says.
 *
 * @param version of the approval when it was written
 * @param step the last that had come
 * @param collapsed those before it that are told with it
 */
record Reminder(
    long version,
    Instant expiresAt,
    String step,
    List<String> collapsed,
    Instant scheduledAt,
    Instant firedAt,
    boolean escalates) {

  static final Set<String> TYPES = Set.of("ApprovalExpiring", "ApprovalEscalated");

  private static final JsonMapper JSON = JsonMapper.builder().build();

  static boolean isOne(OutboxRow row) {
    return TYPES.contains(row.type());
  }

  static Reminder of(OutboxRow row) {
    JsonNode payload = JSON.readTree(row.payload());
    List<String> collapsed = new ArrayList<>();
    payload.get("collapsed").forEach(step -> collapsed.add(step.stringValue()));
    return new Reminder(
        payload.get("version").longValue(),
        time(payload, "expiresAt"),
        payload.get("step").stringValue(),
        collapsed,
        time(payload, "scheduledAt"),
        time(payload, "firedAt"),
        row.type().equals("ApprovalEscalated"));
  }

  /** The deadline in the payload of an event about one. */
  static Instant deadlineIn(OutboxRow row) {
    return time(JSON.readTree(row.payload()), "expiresAt");
  }

  private static Instant time(JsonNode payload, String field) {
    return Instant.parse(payload.get(field).stringValue());
  }

  List<String> steps() {
    List<String> steps = new ArrayList<>(collapsed);
    steps.add(step);
    return steps;
  }
}
