package dev.lapse.support;

import java.nio.file.Path;
import java.util.Map;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A message as it must be, for other teams to test their consumers with. */
public final class Golden {

  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final JsonNode message;

  private Golden(JsonNode message) {
    this.message = message;
  }

  /** One of {@code docs/reference/contract/golden}, by the name of its file without the ending. */
  public static Golden read(String name) {
    return new Golden(JSON.readTree(Path.of("docs/reference/contract/golden", name + ".json")));
  }

  public String key() {
    return message.required("key").asString();
  }

  public Map<String, String> headers() {
    return JSON.convertValue(message.required("headers"), new TypeReference<>() {});
  }

  /** The value, as it is sent: without blanks. */
  public String value() {
    return message.required("value").toString();
  }

  /** A string of the value. */
  public String field(String name) {
    return message.required("value").required(name).asString();
  }

  /** Writes the outbox row that it is the event of. */
  public void insertInto(TestDatabase database) {
    database
        .jdbc()
        .sql(
            """
            INSERT INTO outbox (id, event_id, type, key, payload, occurred_at)
            OVERRIDING SYSTEM VALUE
            VALUES (:ce_sequence::bigint, :ce_id::uuid, :ce_type, :key, :value::json,
                    :ce_time::timestamptz)
            """)
        .params(headers())
        .param("key", key())
        .param("value", value())
        .update();
  }
}
