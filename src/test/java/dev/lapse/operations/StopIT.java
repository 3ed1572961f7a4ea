package dev.lapse.operations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lapse.support.EventConsumer;
import dev.lapse.support.EventConsumer.Event;
import dev.lapse.support.LapseProcess;
import dev.lapse.support.Outbox;
import dev.lapse.support.Servers;
import dev.lapse.support.TestDatabase;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stopped under full load, an instance finishes or aborts the page in hand and leaves the lead to
 * another one, which goes on where it ended.
 *
 * <p>How long that takes is logged, not asserted; that nobody waits for the session's end is.
 */
class StopIT {

  private static final Logger log = LoggerFactory.getLogger(StopIT.class);

  private static final int EVENTS = 100_000;
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private final TestDatabase database = TestDatabase.migrated();
  private final String name = "stop-" + UUID.randomUUID();

  @AfterEach
  void closeDatabase() {
    database.close();
  }

  @Test
  void leavesTheLeadToAnotherInMidLoad() throws Exception {
    try (LapseProcess first = start();
        EventConsumer consumer =
            EventConsumer.ofTopics(Servers.kafka().bootstrapServers(), Set.of(name))) {
      awaitLeading(first);
      try (LapseProcess second = start()) {
        awaitHealthy(second);
        stopUnderLoad(first, second, consumer);
      }
    }
  }

  private void stopUnderLoad(LapseProcess leader, LapseProcess standby, EventConsumer consumer)
      throws Exception {
    new Outbox(database).append(EVENTS, "a", name);
    await().atMost(PATIENCE).until(() -> !consumer.poll(Duration.ofMillis(50)).isEmpty());

    leader.terminate();
    long asked = System.nanoTime();
    assertThat(leader.exitCode()).isEqualTo(143);
    long gone = System.nanoTime();
    awaitLeading(standby); // with far less patience than a session has
    log.info(
        "Stopped under load took={} ms, another led after={} ms",
        Duration.ofNanos(gone - asked).toMillis(),
        Duration.ofNanos(System.nanoTime() - gone).toMillis());

    assertThat(consumer.received()).as("or it was no load").hasSizeLessThan(EVENTS);
    assertThat(consumer.await(EVENTS))
        .hasSize(EVENTS)
        .extracting(Event::id)
        .doesNotHaveDuplicates();
    assertThat(leader.output()).contains("Stopped worker=relay").doesNotContain("ERROR");
  }

  private LapseProcess start() {
    return LapseProcess.start(
        database,
        Map.of("LAPSE_RELAY_NAME", name, "LAPSE_RELAY_SESSION_TIMEOUT", "5m"),
        "--lapse.relay.page-records=500",
        "--lapse.kafka.topic-replication=1");
  }

  private static void awaitLeading(LapseProcess service) {
    await()
        .pollInterval(Duration.ofMillis(10))
        .atMost(PATIENCE)
        .untilAsserted(() -> assertThat(service.output()).contains("Became the leader relay="));
  }

  private static void awaitHealthy(LapseProcess service) {
    await()
        .atMost(PATIENCE)
        .ignoreExceptions()
        .until(() -> service.get("/actuator/health").statusCode() == 200);
  }
}
