package dev.lapse.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import dev.lapse.support.EventConsumer;
import dev.lapse.support.EventConsumer.Event;
import dev.lapse.support.Golden;
import dev.lapse.support.Outbox;
import dev.lapse.support.TestDatabase;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * An event is a CloudEvent 1.0 in the binary mode of the Kafka binding: the value is the payload as
 * it was written, byte for byte, and everything about it is in headers.
 */
class EventIT {

  private final TestDatabase database = TestDatabase.migrated();
  private final Outbox outbox = new Outbox(database);
  private final TestRelay relay = TestRelay.of(database);
  private final EventConsumer consumer = relay.consumer();

  @AfterEach
  void stop() {
    consumer.close();
    relay.close();
    database.close();
  }

  @Test
  void isACloudEventInBinaryMode() throws Exception {
    insert(
        "'Noted', NULL, 'key ü', '{ \"b\":1,\"a\" : \"ü\\u0001\" ,\"b\":2}', NULL, '2026-01-02 03:04:05+02'");

    relay.drain();

    Event event = consumer.await(1).get(0);
    assertThat(event.topic()).isEqualTo(relay.settings.name() + ".noted");
    assertThat(event.key()).isEqualTo("key ü");
    assertThat(event.value()).isEqualTo("{ \"b\":1,\"a\" : \"ü\\u0001\" ,\"b\":2}");
    assertThat(event.headers())
        .containsOnly(
            entry("ce_specversion", "1.0"),
            entry("ce_id", outbox.eventIds().get(0)),
            entry("ce_type", "Noted"),
            entry("ce_source", "/approvals"),
            entry("ce_subject", "key ü"),
            entry("ce_partitionkey", "key ü"),
            entry("ce_sequence", "0000000000000000001"),
            entry("ce_time", "2026-01-02T01:04:05.000000Z"),
            entry("content-type", "application/json"));
  }

  @Test
  void carriesATimeThatRfc3339Reads() throws Exception {
    outbox.append("a");

    relay.drain();

    assertThat(Instant.parse(consumer.await(1).get(0).header("ce_time")))
        .isBetween(Instant.now().minusSeconds(60), Instant.now().plusSeconds(60));
  }

  @Test
  void carriesTheSequenceSoThatItSortsAsText() throws Exception {
    outbox.append(12, "a");

    relay.drain();

    assertThat(consumer.await(12)).extracting(e -> e.header("ce_sequence")).isSorted();
  }

  @Test
  void passesOnTheHeadersOfItsRow() throws Exception {
    insert("'Noted', NULL, 'a', '{}', '{\"traceparent\": \"00-ab-cd-01\", \"x\": \"ü\"}', now()");

    relay.drain();

    assertThat(consumer.await(1).get(0).headers())
        .hasSize(11)
        .containsAllEntriesOf(Map.of("traceparent", "00-ab-cd-01", "x", "ü"));
  }

  @Test
  void goesToTheTopicThatItsRowNamesWhichIsCreatedWhereAbsent() throws Exception {
    String topic = relay.settings.name() + ".own-topic";
    outbox.append(2, "a", topic);
    insert("'NobodyConfigured', '%s', 'a', '{}', NULL, now()".formatted(topic));

    relay.drain();

    assertThat(consumer.await(3)).extracting(Event::topic).containsOnly(topic);
  }

  @Test
  void goesToTheTopicConfiguredForItsType() throws Exception {
    Golden golden = Golden.read("approval-expired");
    insert(
        "'ApprovalExpired', NULL, '%s', '%s', NULL, now()".formatted(golden.key(), golden.value()));

    relay.drain();

    assertThat(consumer.await(1))
        .extracting(Event::topic)
        .containsOnly(relay.settings.name() + ".expired");
  }

  @ParameterizedTest
  @ValueSource(strings = {"approval-expired", "approval-decided", "approval-requested"})
  void isTheGoldenMessageByteForByte(String name) throws Exception {
    Golden golden = Golden.read(name);
    golden.insertInto(database);

    relay.drain();

    Event event = consumer.await(1).get(0);
    assertThat(event.key()).isEqualTo(golden.key());
    assertThat(event.value()).isEqualTo(golden.value());
    assertThat(event.headers()).isEqualTo(golden.headers());
  }

  private void insert(String values) {
    database.execute(
        "INSERT INTO outbox (type, topic, key, payload, headers, occurred_at) VALUES (%s)"
            .formatted(values));
  }
}
