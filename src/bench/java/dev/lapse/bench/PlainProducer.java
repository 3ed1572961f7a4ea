package dev.lapse.bench;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * A control: what Kafka takes from a tuned idempotent producer that has the records in memory
 * already, and has nothing to read, to encode or to commit.
 */
final class PlainProducer {

  /** As many as are kept in memory; they are sent over and over. */
  private static final int RING = 50_000;

  private static final int TRANSACTION = 5_000;

  private PlainProducer() {}

  static Producer<byte[], byte[]> tuned(String bootstrapServers) {
    return producer(tuning(bootstrapServers));
  }

  private static Map<String, Object> tuning(String bootstrapServers) {
    return Map.of(
        ProducerConfig.BOOTSTRAP_SERVERS_CONFIG,
        bootstrapServers,
        ProducerConfig.ACKS_CONFIG,
        "all",
        ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG,
        true,
        ProducerConfig.BATCH_SIZE_CONFIG,
        256 * 1024,
        ProducerConfig.LINGER_MS_CONFIG,
        5,
        ProducerConfig.BUFFER_MEMORY_CONFIG,
        64L * 1024 * 1024);
  }

  private static Producer<byte[], byte[]> producer(Map<String, Object> properties) {
    return new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
  }

  /** The first of the outbox, ready to be sent. */
  static List<ProducerRecord<byte[], byte[]>> load(Database database, String topic)
      throws SQLException {
    List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
    String sql = "SELECT " + Events.COLUMNS + " FROM outbox ORDER BY id LIMIT " + RING;
    try (Connection connection = database.connect();
        PreparedStatement statement = connection.prepareStatement(sql);
        ResultSet row = statement.executeQuery()) {
      while (row.next()) {
        records.add(Events.of(row, topic));
      }
    }
    return records;
  }

  /** Returns when all have arrived. Without the futures: the receiver counts. */
  @SuppressWarnings("FutureReturnValueIgnored")
  static void send(
      String bootstrapServers, List<ProducerRecord<byte[], byte[]>> records, int count) {
    try (Producer<byte[], byte[]> producer = tuned(bootstrapServers)) {
      for (int i = 0; i < count; i++) {
        producer.send(records.get(i % records.size()));
      }
    }
  }

  /** The same in transactions of as many records as a page of the service's holds. */
  @SuppressWarnings("FutureReturnValueIgnored")
  static void sendInTransactions(
      String bootstrapServers, List<ProducerRecord<byte[], byte[]>> records, int count) {
    Map<String, Object> properties = new HashMap<>(tuning(bootstrapServers));
    properties.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, "plain");
    try (Producer<byte[], byte[]> producer = producer(properties)) {
      producer.initTransactions();
      for (int i = 0; i < count; i++) {
        if (i % TRANSACTION == 0) {
          producer.beginTransaction();
        }
        producer.send(records.get(i % records.size()));
        if ((i + 1) % TRANSACTION == 0 || i + 1 == count) {
          producer.commitTransaction();
        }
      }
    }
  }
}
