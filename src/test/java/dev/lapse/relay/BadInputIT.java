package dev.lapse.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lapse.support.EventConsumer;
import dev.lapse.support.EventConsumer.Event;
import dev.lapse.support.TestDatabase;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.dao.DataAccessException;

/**
 * What no consumer could receive, the database does not take, and says which rule it broke; what it
 * takes, consumers receive as it was written.
 */
class BadInputIT {

  /** What it is, the column and its value, and what the refusal names. */
  private static final String REFUSED =
      """
      a payload that is an array         | payload     | '[1]'                          | outbox_payload
      a payload that is a string         | payload     | '"text"'                       | outbox_payload
      a payload that is null             | payload     | 'null'                         | outbox_payload
      a payload that is SQL's NULL       | payload     | NULL                           | payload
      a payload that is no JSON          | payload     | '{'                            | json
      a payload of 64 KiB                | payload     | json_build_object('a', repeat('x', 65536)) | outbox_size
      a payload of a megabyte            | payload     | json_build_object('a', repeat('x', 1000000)) | outbox_payload
      a topic with a blank               | topic       | 'a b'                          | outbox_topic
      a topic with a letter beyond ASCII | topic       | 'ä'                            | outbox_topic
      an empty topic                     | topic       | ''                             | outbox_topic
      a topic named by a dot             | topic       | '.'                            | outbox_topic
      a topic of 250 letters             | topic       | repeat('x', 250)               | outbox_topic
      a relay's position topic           | topic       | 'lapse.position'               | outbox_topic
      a key that is NULL                 | key         | NULL                           | key
      an empty key                       | key         | ''                             | outbox_key
      a key of a megabyte                | key         | repeat('x', 1048576)           | outbox_key
      a type that is NULL                | type        | NULL                           | type
      an empty type                      | type        | ''                             | outbox_type
      a type with a blank                | type        | 'a b'                          | outbox_type
      a type with a line break           | type        | E'a\\nb'                       | outbox_type
      a type beyond ASCII                | type        | 'ä'                            | outbox_type
      headers that are an array          | headers     | '["a"]'                        | outbox_headers
      a header that is a number          | headers     | '{"a": 1}'                     | outbox_headers
      a header that is null              | headers     | '{"a": null}'                  | outbox_headers
      a header that is an object         | headers     | '{"a": {"b": "c"}}'            | outbox_headers
      a header that is an array of texts | headers     | '{"a": ["b", "c"]}'            | outbox_headers
      a header that is an empty array    | headers     | '{"a": []}'                    | outbox_headers
      a header that is an array of arrays | headers    | '{"a": [["b"]]}'               | outbox_headers
      a header of the relay's own        | headers     | '{"ce_id": "mine"}'            | outbox_headers
      a header of a replay's own         | headers     | '{"lapse-replay": "mine"}'     | outbox_headers
      a header of the encoder's own      | headers     | '{"content-type": "mine"}'     | outbox_headers
      headers of 20 KB                   | headers     | jsonb_build_object('a', repeat('x', 20000)) | outbox_headers
      NUL in a header                    | headers     | '{"a": "\\u0000"}'             | unsupported Unicode
      half a surrogate pair in a header  | headers     | '{"a": "\\ud800"}'             | json
      a time at infinity                 | occurred_at | 'infinity'                     | outbox_occurred_at
      NUL in the key                     | key         | chr(0)                         | null character
      NUL in the type                    | type        | chr(0)                         | null character
      NUL in the topic                   | topic       | chr(0)                         | null character
      """;

  /** All that is written to it is refused, so it stays empty. */
  private static TestDatabase refusing;

  @BeforeAll
  static void start() {
    refusing = TestDatabase.migrated();
  }

  @AfterAll
  static void stop() {
    refusing.close();
  }

  @ParameterizedTest
  @MethodSource("refused")
  void isRefused(Refused refused) {
    refused.assertRefusedBy(refusing);

    assertThat(refusing.count("SELECT count(*) FROM outbox")).as("written").isZero();
  }

  @Test
  void whatIsWrittenBesideTheRefusedArrivesAndNothingElse() throws Exception {
    List<String> beside = refused().map(Refused::what).toList();
    try (Downstream downstream = new Downstream()) {
      refused()
          .forEach(
              refused -> {
                refused.assertRefusedBy(downstream.database);
                insert(downstream.database, Map.of("key", "$$" + refused.what() + "$$"));
              });

      assertThat(downstream.await(beside.size()))
          .extracting(Event::key)
          .containsExactlyInAnyOrderElementsOf(beside);
      assertThat(downstream.relay.step.status().deadLetters()).isZero();
    }
  }

  @Test
  void oddUnicodeArrivesAsItWasWritten() throws Exception {
    String odd = "a\u0001\t\u007f\u0085ä\u0301\u202e\ufeff\ufffd\uffff\ud83d\ude00\u6f22";
    String payload = "{\"text\": \"\\u0000 \\ud800 " + odd.replaceAll("\\p{Cntrl}", "") + "\"}";
    try (Downstream downstream = new Downstream()) {
      downstream
          .database
          .jdbc()
          .sql(
              """
              INSERT INTO outbox (type, key, payload, headers)
              VALUES ('Noted', :key, :payload::json, jsonb_build_object(:key, :key))
              """)
          .param("key", odd)
          .param("payload", payload)
          .update();

      Event event = downstream.await(1).get(0);
      assertThat(event.key()).isEqualTo(odd);
      assertThat(event.value()).isEqualTo(payload);
      assertThat(event.headers()).containsEntry(odd, odd).containsEntry("ce_partitionkey", odd);
    }
  }

  @Test
  void isOfLessThan64KiBAsCloudEventsWants() throws Exception {
    try (Downstream downstream = new Downstream()) {
      insert(
          downstream.database,
          Map.of(
              "key", "repeat('k', 1024)",
              "payload", "json_build_object('a', repeat('x', 45080))",
              "headers", "jsonb_build_object('a', repeat('x', 16339))"));

      Event event = downstream.await(1).get(0);
      int headers =
          event.headers().entrySet().stream()
              .mapToInt(header -> header.getKey().length() + header.getValue().length())
              .sum();
      assertThat(event.key().length() + headers + event.value().length())
          .isBetween(63 * 1024, 64 * 1024);
    }
  }

  @Test
  void theLargestThatTheDatabaseTakesOnRequestArrives() throws Exception {
    try (Downstream downstream = new Downstream()) {
      downstream.database.execute("ALTER TABLE outbox DROP CONSTRAINT outbox_size");
      insert(
          downstream.database,
          Map.of(
              "key", "repeat('k', 1024)",
              "payload", "json_build_object('a', repeat('x', 899980))",
              "headers", "jsonb_build_object('a', repeat('x', 16300))"));

      assertThat(downstream.await(1)).hasSize(1);
      assertThat(downstream.relay.step.status().deadLetters()).isZero();
    }
  }

  private static Stream<Refused> refused() {
    return REFUSED.lines().map(Refused::of);
  }

  private record Refused(String what, String column, String value, String rule) {

    static Refused of(String line) {
      String[] cells = line.split(" *\\| *", 4);
      return new Refused(cells[0], cells[1], cells[2], cells[3]);
    }

    void assertRefusedBy(TestDatabase database) {
      assertThatThrownBy(() -> insert(database, Map.of(column, value)))
          .as(what)
          .isInstanceOf(DataAccessException.class)
          .rootCause()
          .hasMessageContaining(rule);
    }

    @Override
    public String toString() {
      return what; // the name of the test
    }
  }

  /** A database of a test's own, and a consumer of what is published from it. */
  private static final class Downstream implements AutoCloseable {

    final TestDatabase database = TestDatabase.migrated();
    final TestRelay relay = TestRelay.of(database);
    private final EventConsumer consumer = relay.consumer();

    /** Publishes what there is. */
    List<Event> await(int count) throws Exception {
      relay.drain();
      return consumer.await(count);
    }

    @Override
    public void close() {
      consumer.close();
      relay.close();
      database.close();
    }
  }

  private static void insert(TestDatabase database, Map<String, String> values) {
    List<String> columns = List.of("type", "topic", "key", "payload", "headers", "occurred_at");
    List<String> usual = List.of("'Noted'", "NULL", "'a'", "'{}'", "NULL", "now()");
    StringBuilder sql =
        new StringBuilder("INSERT INTO outbox (" + String.join(", ", columns) + ") VALUES (");
    for (int i = 0; i < columns.size(); i++) {
      sql.append(i == 0 ? "" : ", ").append(values.getOrDefault(columns.get(i), usual.get(i)));
    }
    database.jdbc().sql(sql + ")").update();
  }
}
