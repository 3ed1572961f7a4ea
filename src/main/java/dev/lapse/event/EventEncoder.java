package dev.lapse.event;

import dev.lapse.outbox.OutboxRecord;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/**
 * Turns outbox records into CloudEvents 1.0 in Kafka's binary content mode: the payload is the
 * value, everything about it is in headers.
 */
public final class EventEncoder {

  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final TypeReference<Map<String, String>> STRINGS = new TypeReference<>() {};

  private static final Header SPEC_VERSION = header("ce_specversion", "1.0");
  private static final Header CONTENT_TYPE = header("content-type", "application/json");

  /**
   * The schemas of docs/reference/contract, by event type. An incompatible one gets another URI.
   */
  private static final Map<String, Header> SCHEMAS =
      Map.of(
          "ApprovalDecided", header("ce_dataschema", "urn:lapse:approval-decided:1"),
          "ApprovalEscalated", header("ce_dataschema", "urn:lapse:approval-escalated:1"),
          "ApprovalExpired", header("ce_dataschema", "urn:lapse:approval-expired:1"),
          "ApprovalExpiring", header("ce_dataschema", "urn:lapse:approval-expiring:1"),
          "ApprovalRequested", header("ce_dataschema", "urn:lapse:approval-requested:1"),
          "ApprovalRescheduled", header("ce_dataschema", "urn:lapse:approval-rescheduled:1"));

  /** Types whose header is kept; a writer might have one for each thing it tells of. */
  private static final int MOST_TYPES = 1000;

  private final Map<String, String> topics;
  private final Header source;
  private final Map<String, Header> types = new ConcurrentHashMap<>();

  /**
   * @param source the events' {@code ce_source}
   * @param topics the topic of each event type whose rows name none
   */
  public EventEncoder(String source, Map<String, String> topics) {
    this.topics = topics;
    this.source = header("ce_source", source);
  }

  /** The types of Lapse's own events. */
  public static Set<String> ownTypes() {
    return SCHEMAS.keySet();
  }

  /** The topic that a record's row names, else the one configured for its type, if there is one. */
  public @Nullable String topic(OutboxRecord record) {
    return record.topic() != null ? record.topic() : topics.get(record.type());
  }

  /**
   * The event of a record, for its topic.
   *
   * @param time Kafka's timestamp of the event: the database's clock, since a host whose clock is
   *     ahead by an hour has all its events refused
   * @throws UnpublishableException if it has no topic, or the row's headers are none
   */
  public ProducerRecord<byte[], byte[]> encode(OutboxRecord record, Instant time)
      throws UnpublishableException {
    String topic = topic(record);
    if (topic == null) {
      throw new UnpublishableException(
          "No topic for event type \"%s\": set lapse.relay.topics[%s], restart, and requeue"
              .formatted(record.type(), record.type()));
    }
    return new ProducerRecord<>(
        topic, null, time.toEpochMilli(), record.key(), record.payload(), headers(record));
  }

  private RecordHeaders headers(OutboxRecord record) throws UnpublishableException {
    RecordHeaders headers = new RecordHeaders();
    headers.add(SPEC_VERSION);
    headers.add(new RecordHeader("ce_id", record.eventId()));
    headers.add(type(record.type()));
    headers.add(source);
    headers.add(new RecordHeader("ce_subject", record.key()));
    headers.add(new RecordHeader("ce_time", record.occurredAt()));
    Header schema = SCHEMAS.get(record.type());
    if (schema != null) {
      headers.add(schema);
    }
    headers.add(new RecordHeader("ce_partitionkey", record.key()));
    headers.add(new RecordHeader("ce_sequence", sequence(record.id())));
    headers.add(CONTENT_TYPE);
    if (record.headers() != null) {
      further(record.headers()).forEach((name, value) -> headers.add(header(name, value)));
    }
    return headers;
  }

  private Header type(String type) {
    Header known = types.get(type);
    if (known != null) {
      return known;
    }
    Header made = header("ce_type", type);
    if (types.size() < MOST_TYPES) {
      types.put(type, made);
    }
    return made;
  }

  private static Map<String, String> further(byte[] headers) throws UnpublishableException {
    try {
      return JSON.readValue(headers, STRINGS);
    } catch (JacksonException e) {
      throw new UnpublishableException("The headers are not a JSON object of strings");
    }
  }

  /** Zero-padded, so that it sorts as text: CloudEvents' sequence extension asks for that. */
  private static byte[] sequence(long id) {
    byte[] digits = new byte[19];
    long rest = id;
    for (int i = digits.length - 1; i >= 0; i--) {
      digits[i] = (byte) ('0' + rest % 10);
      rest /= 10;
    }
    return digits;
  }

  private static Header header(String name, String value) {
    return new RecordHeader(name, value.getBytes(StandardCharsets.UTF_8));
  }
}
