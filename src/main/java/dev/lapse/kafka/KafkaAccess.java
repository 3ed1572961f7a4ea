package dev.lapse.kafka;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** How to reach Kafka. Safe for use by several threads; what it makes is the caller's to close. */
public final class KafkaAccess {

  /** A call in all: a person waits for it. */
  private static final Duration PATIENCE = Duration.ofSeconds(8);

  private static final Duration TRANSACTION = Duration.ofSeconds(15);

  private final String bootstrapServers;
  private final Map<String, String> properties;
  private final String compression;

  public KafkaAccess(KafkaSettings settings) {
    this(settings.bootstrapServers(), settings.properties(), settings.compression());
  }

  /**
   * @param bootstrapServers brokers to begin with
   * @param properties further properties of the clients; they go before those set here. They may
   *     change: each new client takes them as they are
   */
  public KafkaAccess(String bootstrapServers, Map<String, String> properties) {
    this(bootstrapServers, properties, "none");
  }

  private KafkaAccess(String bootstrapServers, Map<String, String> properties, String compression) {
    this.compression = compression;
    this.bootstrapServers = bootstrapServers;
    this.properties = properties;
    TokenEndpoints.allow(properties);
  }

  public String bootstrapServers() {
    return bootstrapServers;
  }

  public Admin admin() {
    return Admin.create(common());
  }

  /** Reads what {@code read_committed} consumers get; a member of no group. */
  public Consumer<byte[], byte[]> reader() {
    Map<String, Object> all = common();
    all.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
    all.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    all.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
    all.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none");
    all.putIfAbsent(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 5000);
    all.remove(ConsumerConfig.GROUP_ID_CONFIG);
    return new KafkaConsumer<>(all, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  /**
   * Publishes in transactions, durably and in order.
   *
   * @param id its transactional id; whoever used it before is fenced
   */
  public Producer<byte[], byte[]> transactionalProducer(String id) {
    Map<String, Object> all = common();
    all.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, id);
    // Consumers wait that long at the most, should this process be killed in mid-transaction.
    all.put(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG, (int) TRANSACTION.toMillis());
    all.putIfAbsent(ProducerConfig.COMPRESSION_TYPE_CONFIG, compression);
    all.putIfAbsent(ProducerConfig.LINGER_MS_CONFIG, 5);
    all.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, (int) TRANSACTION.toMillis() * 4 / 5);
    ClientTimeouts.containDelivery(all);
    all.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, TRANSACTION.toMillis());
    all.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
    all.put(ProducerConfig.ACKS_CONFIG, "all");
    return new KafkaProducer<>(all, new ByteArraySerializer(), new ByteArraySerializer());
  }

  private Map<String, Object> common() {
    Map<String, Object> all = new HashMap<>(properties);
    all.put(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers);
    all.putIfAbsent(CommonClientConfigs.REQUEST_TIMEOUT_MS_CONFIG, (int) PATIENCE.toMillis());
    ClientTimeouts.containRequest(all, PATIENCE);
    return all;
  }

  /** Names the servers only: the properties may hold secrets. */
  @Override
  public String toString() {
    return "KafkaAccess[bootstrapServers=%s]".formatted(bootstrapServers);
  }
}
