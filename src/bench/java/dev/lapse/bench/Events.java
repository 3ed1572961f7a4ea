package dev.lapse.bench;

import java.nio.charset.StandardCharsets;
import java.sql.ResultSet;
import java.sql.SQLException;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;

/**
 * What the controls send: key, value and headers as Lapse's event of the same row has them, but for
 * the time, which is left as PostgreSQL writes it.
 */
final class Events {

  /** The columns that {@link #of} reads. */
  static final String COLUMNS =
      """
      id, event_id::text, type, key, payload, occurred_at::text
      """;

  private static final byte[] SPEC_VERSION = bytes("1.0");
  private static final byte[] SOURCE = bytes("/approvals");
  private static final byte[] CONTENT_TYPE = bytes("application/json");

  private Events() {}

  static ProducerRecord<byte[], byte[]> of(ResultSet row, String topic) throws SQLException {
    byte[] key = row.getBytes(4);
    RecordHeaders headers = new RecordHeaders();
    headers.add("ce_specversion", SPEC_VERSION);
    headers.add("ce_id", row.getBytes(2));
    headers.add("ce_type", row.getBytes(3));
    headers.add("ce_source", SOURCE);
    headers.add("ce_subject", key);
    headers.add("ce_time", row.getBytes(6));
    headers.add("ce_partitionkey", key);
    headers.add("ce_sequence", sequence(row.getString(1)));
    headers.add("content-type", CONTENT_TYPE);
    return new ProducerRecord<>(topic, null, null, key, row.getBytes(5), headers);
  }

  private static byte[] sequence(String id) {
    return bytes("0".repeat(19 - id.length()) + id);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
