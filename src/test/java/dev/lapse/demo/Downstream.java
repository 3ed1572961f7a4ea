package dev.lapse.demo;

import static java.util.Objects.requireNonNull;

import dev.lapse.support.EventConsumer;
import dev.lapse.support.EventConsumer.Event;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Another team's service: a {@code read_committed} consumer on a thread of its own. */
final class Downstream {

  static final String TOPIC = "approvals.expired";

  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final List<Receipt> receipts = new CopyOnWriteArrayList<>();
  private final List<Notice> notices = new CopyOnWriteArrayList<>();

  /** Of the consumer's thread. */
  private final Set<UUID> expired = new HashSet<>();

  private final Thread thread = new Thread(this::run, "downstream");
  private final String bootstrapServers;
  private volatile boolean running = true;

  Downstream(String bootstrapServers) {
    this.bootstrapServers = bootstrapServers;
  }

  void start() {
    thread.start();
  }

  private void run() {
    try (EventConsumer consumer = EventConsumer.ofTopics(bootstrapServers, Set.of(TOPIC))) {
      while (running) {
        for (Event event : consumer.poll(Duration.ofMillis(100))) {
          receive(event, Instant.now());
        }
      }
    }
  }

  private void receive(Event event, Instant now) {
    JsonNode payload = JSON.readTree(event.value());
    UUID approval = UUID.fromString(payload.get("approvalId").asString());
    String type = requireNonNull(event.headers().get("ce_type"));
    if (type.equals("ApprovalExpired")) {
      Instant due = Instant.parse(payload.get("expiresAt").asString());
      expired.add(approval);
      receipts.add(new Receipt(event.id(), approval, due, now, event));
    } else {
      notices.add(new Notice(event.id(), type, expired.contains(approval)));
    }
  }

  /** Each ApprovalExpired received so far, in order; callable from any thread. */
  List<Receipt> receipts() {
    return List.copyOf(receipts);
  }

  /** All other events received so far, in order; callable from any thread. */
  List<Notice> notices() {
    return List.copyOf(notices);
  }

  void end() throws InterruptedException {
    running = false;
    thread.join(Duration.ofSeconds(5).toMillis());
  }

  /**
   * Another event of an approval, such as a reminder.
   *
   * @param afterExpiry whether its expiry had been received before
   */
  record Notice(String eventId, String type, boolean afterExpiry) {}

  /**
   * An event in the consumer's hands.
   *
   * @param due the approval's deadline, as the event tells it
   * @param at when the consumer had it
   */
  record Receipt(String eventId, UUID approval, Instant due, Instant at, Event event) {

    Duration sinceDeadline() {
      return Duration.between(due, at);
    }
  }
}
