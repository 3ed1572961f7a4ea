package dev.lapse.outbox;

import java.nio.charset.StandardCharsets;
import java.sql.ResultSet;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * A row of the outbox, its texts left as the UTF-8 bytes that they travel in from PostgreSQL to
 * Kafka. The arrays are not copied; nobody changes them.
 *
 * @param id its place in the log
 * @param eventId the uuid that consumers know the event by, in text form
 * @param type the event type
 * @param topic the topic that the row itself names, if any
 * @param key the Kafka key
 * @param payload the JSON object to publish
 * @param headers further headers, a JSON object of strings, if any
 * @param occurredAt when it occurred, RFC 3339 in UTC
 */
@SuppressWarnings("ArrayRecordComponent") // never compared; bytes all the way is the point
public record OutboxRecord(
    long id,
    byte[] eventId,
    String type,
    @Nullable String topic,
    byte[] key,
    byte[] payload,
    byte @Nullable [] headers,
    byte[] occurredAt) {

  /**
   * What {@link #of} reads, of a row called {@code record}. Uuids and times are asked for in
   * PostgreSQL's binary form, which costs the server less than their text does. Of a payload it
   * would cost memory: until the driver has prepared a statement, it gets bytes as hex digits.
   */
  public static final String COLUMNS =
      """
      record.id, uuid_send(record.event_id), record.type, record.topic, record.key,
             record.payload, record.headers, timestamptz_send(record.occurred_at)
      """;

  /** Reads it from a row that begins with {@link #COLUMNS}. */
  public static OutboxRecord of(ResultSet row) throws SQLException {
    return new OutboxRecord(
        row.getLong(1),
        BinaryForm.uuid(row.getBytes(2)),
        row.getString(3),
        row.getString(4),
        row.getBytes(5),
        row.getBytes(6),
        row.getBytes(7),
        BinaryForm.timestamp(row.getBytes(8)));
  }

  /** Its bytes as far as they grow with what was written, to limit a page by. */
  public int size() {
    return key.length + payload.length + (headers == null ? 0 : headers.length);
  }

  public String keyAsText() {
    return new String(key, StandardCharsets.UTF_8);
  }

  public String eventIdAsText() {
    return new String(eventId, StandardCharsets.US_ASCII);
  }

  /** Names the row without its key or payload: those belong in no log. */
  @Override
  public String toString() {
    return "OutboxRecord[id=%d, type=%s]".formatted(id, type);
  }
}
