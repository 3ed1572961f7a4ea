package dev.lapse.kafka;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** How to reach Kafka. Safe for use by several threads; what it makes is the caller's to close. */
public final class KafkaAccess {

  /** A call in all: a person waits for it. */
  private static final Duration PATIENCE = Duration.ofSeconds(8);

  private final String bootstrapServers;
  private final Map<String, String> properties;

  /**
   * @param bootstrapServers brokers to begin with
   * @param properties further properties of the clients; they go before those set here
   */
  public KafkaAccess(String bootstrapServers, Map<String, String> properties) {
    this.bootstrapServers = bootstrapServers;
    this.properties = Map.copyOf(properties);
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

  private Map<String, Object> common() {
    Map<String, Object> all = new HashMap<>(properties);
    all.put(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers);
    int patience = (int) PATIENCE.toMillis();
    all.putIfAbsent(CommonClientConfigs.REQUEST_TIMEOUT_MS_CONFIG, patience);
    // Not below a request's, which anybody may set: Kafka's clients would not start.
    int request =
        Integer.parseInt(String.valueOf(all.get(CommonClientConfigs.REQUEST_TIMEOUT_MS_CONFIG)));
    all.putIfAbsent(CommonClientConfigs.DEFAULT_API_TIMEOUT_MS_CONFIG, Math.max(patience, request));
    return all;
  }

  /** Names the servers only: the properties may hold secrets. */
  @Override
  public String toString() {
    return "KafkaAccess[bootstrapServers=%s]".formatted(bootstrapServers);
  }
}
