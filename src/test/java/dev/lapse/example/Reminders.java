package dev.lapse.example;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.sql.DataSource;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Writes down one reminder for each approval that expired, however often the event comes and
 * whatever becomes of this process.
 *
 * <p>The work, the events' ids and how far it has read are one transaction of its own database.
 * Kafka's committed offsets are not used: between them and the work a crash would fit. Any number
 * of instances share the partitions; one that was taken for dead and is not does no harm, since the
 * ids tell what is done already.
 *
 * <p>After an exception, close it and start another, which goes on where the database says.
 */
public final class Reminders implements AutoCloseable {

  /** For your migrations. */
  static final String TABLES =
      """
      CREATE TABLE event_seen (
          source  text        NOT NULL,
          id      text        NOT NULL,
          -- To delete it by, once the topic's retention (and nobody's replay) can bring it again.
          seen_at timestamptz NOT NULL DEFAULT now(),
          PRIMARY KEY (source, id)
      );
      CREATE TABLE partition_read (
          topic       text    NOT NULL,
          partition   integer NOT NULL,
          next_offset bigint  NOT NULL,
          PRIMARY KEY (topic, partition)
      );
      CREATE TABLE reminder (
          approval_id text        NOT NULL,
          expired_at  timestamptz NOT NULL
      );
      """;

  /** Waits for another instance that has the same event in hand. */
  private static final String SEE =
      "INSERT INTO event_seen (source, id) VALUES (:source, :id) ON CONFLICT DO NOTHING";

  private static final String REMIND =
      "INSERT INTO reminder (approval_id, expired_at) VALUES (:approval, :expiredAt::timestamptz)";

  private static final String NOTE_READ =
      """
      INSERT INTO partition_read (topic, partition, next_offset) VALUES (:topic, :partition, :next)
      ON CONFLICT (topic, partition) DO UPDATE SET next_offset = excluded.next_offset
      """;

  private static final String FIND_READ =
      "SELECT next_offset FROM partition_read WHERE topic = :topic AND partition = :partition";

  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final Consumer<String, String> consumer;
  private final JdbcClient jdbc;
  private final TransactionTemplate transaction;

  Reminders(Consumer<String, String> consumer, String topic, DataSource database) {
    this.consumer = consumer;
    this.jdbc = JdbcClient.create(database);
    this.transaction = new TransactionTemplate(new JdbcTransactionManager(database));
    consumer.subscribe(List.of(topic), new GoOnWhereTheDatabaseSays());
  }

  /** What matters about the consumer; add what your Kafka asks for. */
  static Map<String, Object> properties(String bootstrapServers, String group) {
    return Map.of(
        ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG,
        bootstrapServers,
        ConsumerConfig.GROUP_ID_CONFIG,
        group,
        // Kafka's default shows events of transactions that were aborted.
        ConsumerConfig.ISOLATION_LEVEL_CONFIG,
        "read_committed",
        ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG,
        "false",
        // Where the database says nothing yet.
        ConsumerConfig.AUTO_OFFSET_RESET_CONFIG,
        "earliest",
        ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG,
        StringDeserializer.class,
        ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG,
        StringDeserializer.class);
  }

  private final class GoOnWhereTheDatabaseSays implements ConsumerRebalanceListener {

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
      for (TopicPartition partition : partitions) {
        read(partition).ifPresent(offset -> consumer.seek(partition, offset));
      }
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
      // Nothing is in the air between two polls.
    }
  }

  /** Until {@link #stop} or an exception. */
  public void run() {
    try {
      while (true) {
        pollOnce();
      }
    } catch (WakeupException e) {
      // stop() was called
    }
  }

  /** From any thread. */
  public void stop() {
    consumer.wakeup();
  }

  /** What one poll brought, a transaction a partition. */
  void pollOnce() {
    ConsumerRecords<String, String> records = consumer.poll(Duration.ofSeconds(1));
    records
        .nextOffsets()
        .forEach(
            (partition, next) ->
                transaction.executeWithoutResult(
                    status -> {
                      records.records(partition).forEach(this::handle);
                      noteRead(partition, next.offset());
                    }));
  }

  private void handle(ConsumerRecord<String, String> event) {
    if (header(event, "ce_type").equals("ApprovalExpired") && isNew(event)) {
      JsonNode data = JSON.readTree(event.value());
      jdbc.sql(REMIND)
          .param("approval", data.required("approvalId").asString())
          .param("expiredAt", data.required("expiredAt").asString())
          .update();
    }
  }

  private boolean isNew(ConsumerRecord<String, String> event) {
    return jdbc.sql(SEE)
            .param("source", header(event, "ce_source"))
            .param("id", header(event, "ce_id"))
            .update()
        == 1;
  }

  private static String header(ConsumerRecord<String, String> event, String name) {
    Header header = event.headers().lastHeader(name);
    return header == null ? "" : new String(header.value(), StandardCharsets.UTF_8);
  }

  private void noteRead(TopicPartition partition, long next) {
    jdbc.sql(NOTE_READ)
        .param("topic", partition.topic())
        .param("partition", partition.partition())
        .param("next", next)
        .update();
  }

  private Optional<Long> read(TopicPartition partition) {
    return jdbc.sql(FIND_READ)
        .param("topic", partition.topic())
        .param("partition", partition.partition())
        .query(Long.class)
        .optional();
  }

  @Override
  public void close() {
    consumer.close();
  }
}
