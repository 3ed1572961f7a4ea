package dev.lapse.fault;

import dev.lapse.fault.Operations.Operation;
import dev.lapse.support.EventConsumer.Event;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Everything that happened, as far as anybody outside could tell: what clients were told, what the
 * tables say in the end, and what a consumer received.
 *
 * @param received in the order of receipt, by a {@code read_committed} consumer that read to the
 *     end of every topic
 * @param mayRepeat ids of events that the product said it would publish again
 * @param settledTo what fell due before this must have expired, and steps been told; {@link
 *     Instant#MIN} if that was not waited for
 * @param ladder as the service was set; without one nobody is to be reminded
 */
public record History(
    List<Operation> operations,
    List<Approval> approvals,
    List<OutboxRow> outbox,
    List<Event> received,
    Set<String> mayRepeat,
    Instant settledTo,
    List<String> ladder) {

  public History {
    operations = List.copyOf(operations);
    approvals = List.copyOf(approvals);
    outbox = List.copyOf(outbox);
    received = List.copyOf(received);
    mayRepeat = Set.copyOf(mayRepeat);
    ladder = List.copyOf(ladder);
  }

  /** Of which nothing may repeat and nothing need have expired. */
  public static History of(
      List<Operation> operations,
      List<Approval> approvals,
      List<OutboxRow> outbox,
      List<Event> received) {
    return new History(operations, approvals, outbox, received, Set.of(), Instant.MIN, List.of());
  }

  /** Of writers that have nothing to do with approvals. */
  public static History ofEvents(List<OutboxRow> outbox, List<Event> received) {
    return of(List.of(), List.of(), outbox, received);
  }

  public History mayRepeat(Set<String> eventIds) {
    return new History(operations, approvals, outbox, received, eventIds, settledTo, ladder);
  }

  public History settledTo(Instant instant) {
    return new History(operations, approvals, outbox, received, mayRepeat, instant, ladder);
  }

  public History ladder(List<String> rungs) {
    return new History(operations, approvals, outbox, received, mayRepeat, settledTo, rungs);
  }

  /** A final row of {@code ai_approvals}. */
  public record Approval(
      UUID id,
      String status,
      int version,
      Instant createdAt,
      Instant expiresAt,
      @Nullable Instant executedAt) {

    boolean isPending() {
      return status.equals("pending");
    }

    boolean isExpired() {
      return status.equals("expired");
    }
  }

  /** A final row of {@code outbox}. */
  public record OutboxRow(
      long id, String eventId, String type, String key, String payload, Instant occurredAt) {

    /** What triggers write of what a client does, and reports by an event of its own. */
    private static final Set<String> NOTICES =
        Set.of("ApprovalRequested", "ApprovalRescheduled", "ApprovalDecided");

    private static final Pattern NUMBER = Pattern.compile("\"(?:number|version)\"\\s*:\\s*(\\d+)");

    /**
     * Its place in its key's order, which the writer took under a lock and put into the payload.
     *
     * @throws IllegalArgumentException if there is none: then nothing could be said of the order
     */
    long number() {
      Matcher number = NUMBER.matcher(payload);
      if (!number.find()) {
        throw new IllegalArgumentException("not numbered: " + this);
      }
      return Long.parseLong(number.group(1));
    }

    /** Whether it stands for its number, which no other row of its key then has. */
    boolean isReport() {
      return !NOTICES.contains(type) && !Reminder.isOne(this);
    }

    /** Its place among the events of its key. */
    Place place() {
      if (Reminder.isOne(this)) {
        return new Place(number(), 2, Reminder.of(this).firedAt());
      }
      return new Place(number(), NOTICES.contains(type) ? 0 : 1, Instant.MIN);
    }

    boolean isOf(Event event) {
      return key.equals(event.key())
          && payload.equals(event.value())
          && type.equals(event.headers().get("ce_type"));
    }

    /** The event that consumers should receive of it. */
    public Event event(String topic, int partition, long offset) {
      return new Event(
          topic, partition, offset, key, payload, Map.of("ce_id", eventId, "ce_type", type));
    }
  }

  /**
   * A trigger tells of a change before the client does; reminders come after both.
   *
   * @param turn among those of the same number
   * @param at orders reminders of the same number
   */
  record Place(long number, int turn, Instant at) implements Comparable<Place> {

    private static final Comparator<Place> ORDER =
        Comparator.comparingLong(Place::number)
            .thenComparingInt(Place::turn)
            .thenComparing(Place::at);

    @Override
    public int compareTo(Place other) {
      return ORDER.compare(this, other);
    }
  }
}
