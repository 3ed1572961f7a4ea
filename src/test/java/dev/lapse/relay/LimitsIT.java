package dev.lapse.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lapse.outbox.DeadLetters;
import dev.lapse.support.EventConsumer;
import dev.lapse.support.EventConsumer.Event;
import dev.lapse.support.TestDatabase;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Whatever the outbox takes, at the limits of each of its columns, can be published, parked, listed
 * and requeued, and arrives as it was written.
 */
class LimitsIT {

  private static final int MOST_CHARACTERS = 1024;

  private final Random random = new Random(20);
  private final TestDatabase database = TestDatabase.migrated();
  private final DeadLetters deadLetters = new DeadLetters(database.serviceJdbc());
  private final String name = TestRelay.freshName();
  private TestRelay relay = TestRelay.of(database, name, Map.of());
  private final EventConsumer consumer = relay.consumer();

  @AfterEach
  void stop() {
    consumer.close();
    relay.close();
    database.close();
  }

  @Test
  void isPublishedParkedListedAndRequeued() throws Exception {
    database.execute("ALTER TABLE outbox DROP CONSTRAINT outbox_size"); // as its comment allows
    List<Row> rows =
        List.of(
            new Row("A".repeat(255), key(() -> 0x4e00 + random.nextInt(0x5000)), "{}", null),
            new Row("B", key(() -> 0x1f300 + random.nextInt(0x200)), nested(2000), null),
            new Row("C", key(() -> 1 + random.nextInt(31)), "{}", headers('\\')),
            new Row("D", key(() -> random.nextBoolean() ? '"' : '\\'), payload(), headers('x')),
            new Row("E", key(() -> 0x4e00 + random.nextInt(0x5000)), payload(), headers('漢')));
    rows.forEach(this::insert);
    insert(new Row("Noted", "another key", "{}", null));

    relay.drain(); // no topic is set for their types

    assertThat(received("another key")).hasSize(1);
    assertThat(relay.step.status().deadLetters()).isEqualTo(rows.size());
    assertThat(relay.step.status().hiddenLetters()).isNull();
    assertThat(deadLetters.list())
        .extracting(DeadLetters.Row::type)
        .containsExactlyElementsOf(rows.stream().map(Row::type).toList());
    relay.close();

    Map<String, String> topics = new HashMap<>();
    rows.forEach(row -> topics.put(row.type, name + ".noted"));
    relay = TestRelay.of(database, name, topics);
    relay.drain();
    assertThat(deadLetters.requeue(null)).isEqualTo(rows.size());
    long deadline = System.nanoTime() + Duration.ofMinutes(1).toNanos();
    while (relay.step.status().deadLetters() > 0 && System.nanoTime() < deadline) {
      relay.step.runOnce();
    }

    assertThat(deadLetters.list()).isEmpty();
    rows.forEach(row -> insert(row)); // a second time, straight through
    relay.drain();
    for (Row row : rows) {
      assertThat(received(row.key))
          .hasSize(2)
          .allSatisfy(event -> assertThat(event.value()).isEqualTo(row.payload))
          .allSatisfy(event -> assertThat(event.headers()).containsEntry("ce_type", row.type))
          .allSatisfy(event -> assertThat(event.headers().get("h")).isEqualTo(row.headers));
    }
  }

  /** The limits themselves: one more of anything is refused. */
  @Test
  void isRefusedOneAboveIt() {
    database.execute("ALTER TABLE outbox DROP CONSTRAINT outbox_size");
    for (Row row :
        List.of(
            new Row("A".repeat(256), "k", "{}", null),
            new Row("A", key(() -> 0x6f22) + "k", "{}", null),
            new Row("A", "k", payload().replace("\"}", "x\"}"), null),
            new Row("A", "k", "{}", headers('x') + "x"))) {
      assertThatThrownBy(() -> insert(row)).hasMessageContaining("violates check constraint");
    }
  }

  /** Of as many characters as a key may have. */
  private static String key(IntSupplier character) {
    StringBuilder key = new StringBuilder();
    for (int i = 0; i < MOST_CHARACTERS; i++) {
      key.appendCodePoint(character.getAsInt());
    }
    return key.toString();
  }

  /** As many bytes as a payload may have. */
  private static String payload() {
    return "{\"a\":\"" + "x".repeat(900_000 - 8) + "\"}";
  }

  private static String nested(int depth) {
    return "{\"a\":".repeat(depth) + "1" + "}".repeat(depth);
  }

  /** The value of one header, with which the object is as large as headers may be. */
  private static String headers(char of) {
    int room = 16384 - "{\"h\": \"\"}".length();
    int bytes = of == '\\' ? 2 : String.valueOf(of).getBytes(StandardCharsets.UTF_8).length;
    return String.valueOf(of).repeat(room / bytes);
  }

  private void insert(Row row) {
    database
        .jdbc()
        .sql(
            """
            INSERT INTO outbox (type, key, payload, headers)
            VALUES (:type, :key, :payload::json,
                    CASE WHEN :header::text IS NOT NULL THEN jsonb_build_object('h', :header::text) END)
            """)
        .param("type", row.type)
        .param("key", row.key)
        .param("payload", row.payload)
        .param("header", row.headers)
        .update();
  }

  private List<Event> received(String key) {
    long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    List<Event> found = new ArrayList<>();
    while (found.isEmpty() && System.nanoTime() < deadline) {
      consumer.poll(Duration.ofMillis(300));
      found.addAll(consumer.received().stream().filter(e -> e.key().equals(key)).toList());
    }
    return found;
  }

  private record Row(String type, String key, String payload, @Nullable String headers) {}
}
