package dev.lapse.support;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.UUID;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * A relay that does as a test says: it publishes the records that it is told, in the order it is
 * told, and writes the checkpoint that it is told.
 */
public final class Published implements AutoCloseable {

  private final TestDatabase database;
  private final String topic;
  private final Admin admin;
  private final KafkaProducer<String, String> producer;

  public Published(TestDatabase database, String topic) {
    this.database = database;
    this.topic = topic;
    Properties properties = new Properties();
    properties.put(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, Servers.kafka().bootstrapServers());
    this.admin = Admin.create(properties);
    this.producer = new KafkaProducer<>(properties, new StringSerializer(), new StringSerializer());
  }

  /** Of one partition, so that a test can tell what goes where. */
  public Published createTopic() throws Exception {
    KafkaChanges.create(admin, new NewTopic(topic, 1, (short) 1));
    return this;
  }

  /** Sends these records' events. */
  public void send(long... ids) throws Exception {
    for (long id : ids) {
      Row row =
          database
              .jdbc()
              .sql("SELECT key, event_id::text FROM outbox WHERE id = :id")
              .param("id", id)
              .query(Row.class)
              .single();
      send(id, row.key(), row.eventId());
    }
  }

  private record Row(String key, String eventId) {}

  /** Sends an event that is in no outbox. */
  public void sendUnknown(long id) throws Exception {
    send(id, "nobody", UUID.randomUUID().toString());
  }

  private void send(long id, String key, String eventId) throws Exception {
    ProducerRecord<String, String> event = new ProducerRecord<>(topic, key, "{}");
    header(event, "ce_id", eventId);
    header(event, "ce_source", "/approvals");
    header(event, "ce_sequence", "%019d".formatted(id));
    producer.send(event).get();
  }

  /** Sends somebody else's record, whose headers have no value. */
  public void sendForeign() throws Exception {
    ProducerRecord<String, String> record = new ProducerRecord<>(topic, "foreign", "{}");
    for (String name : List.of("ce_id", "ce_source", "ce_sequence")) {
      record.headers().add(name, null);
    }
    producer.send(record).get();
  }

  /** Leaves somebody else's transaction open in the topic, until what is returned is closed. */
  public AutoCloseable openTransaction() throws Exception {
    Properties properties = new Properties();
    properties.put(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, Servers.kafka().bootstrapServers());
    properties.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, topic);
    KafkaProducer<String, String> other =
        new KafkaProducer<>(properties, new StringSerializer(), new StringSerializer());
    other.initTransactions();
    other.beginTransaction();
    other.send(new ProducerRecord<>(topic, "foreign", "{}")).get();
    return () -> {
      other.abortTransaction();
      other.close();
    };
  }

  private static void header(ProducerRecord<String, String> event, String name, String value) {
    event.headers().add(name, value.getBytes(StandardCharsets.UTF_8));
  }

  /** Writes a checkpoint by which everything visible up to {@code id} is published. */
  public void checkpoint(String relay, long id) {
    database
        .jdbc()
        .sql(
            """
            INSERT INTO relay_checkpoint
              (relay, published_id, snapshot, system_identifier, timeline, lsn, written_lsn)
            SELECT :relay, :id, pg_current_snapshot(), system_identifier, 1,
                   pg_current_wal_insert_lsn(), pg_current_wal_insert_lsn()
            FROM pg_control_system()
            ON CONFLICT (relay) DO UPDATE SET
              published_id = excluded.published_id, snapshot = excluded.snapshot
            """)
        .param("relay", relay)
        .param("id", id)
        .update();
  }

  /** Deletes what lies before {@code offset}, as retention does. */
  public void deleteBefore(long offset) throws Exception {
    admin
        .deleteRecords(Map.of(new TopicPartition(topic, 0), RecordsToDelete.beforeOffset(offset)))
        .all()
        .get();
  }

  @Override
  public void close() {
    producer.close();
    admin.close();
  }
}
