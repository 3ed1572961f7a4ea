package dev.lapse.demo;

import dev.lapse.support.EventConsumer;
import dev.lapse.support.EventConsumer.Event;
import java.time.Duration;
import java.time.Instant;
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
          receipts.add(receipt(event, Instant.now()));
        }
      }
    }
  }

  private static Receipt receipt(Event event, Instant now) {
    JsonNode payload = JSON.readTree(event.value());
    return new Receipt(
        event.id(),
        UUID.fromString(payload.get("approvalId").asString()),
        Instant.parse(payload.get("expiresAt").asString()),
        now,
        event);
  }

  /** Everything received so far, in order; callable from any thread. */
  List<Receipt> receipts() {
    return List.copyOf(receipts);
  }

  void end() throws InterruptedException {
    running = false;
    thread.join(Duration.ofSeconds(5).toMillis());
  }

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
