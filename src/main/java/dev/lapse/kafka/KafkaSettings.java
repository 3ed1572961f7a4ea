package dev.lapse.kafka;

import java.util.List;
import java.util.Map;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings of the connection to Kafka.
 *
 * @param bootstrapServers brokers to connect to first, {@code host:port} separated by commas;
 *     default {@code localhost:9092}
 * @param topicPartitions partitions of a topic that Lapse creates, 1 to 10,000; default 6
 * @param topicReplication replicas of a topic that Lapse creates, or -1 for the broker's default;
 *     default -1
 * @param compression how published events are compressed: {@code none}, {@code lz4}, {@code zstd},
 *     {@code snappy} or {@code gzip}; default {@code none}. Every consumer must be able to read it
 * @param properties further properties of Kafka's producer, consumer and admin clients, such as
 *     {@code security.protocol}. Lapse sets some itself, such as {@code acks}, {@code
 *     transactional.id} and {@code isolation.level}; these cannot be changed here
 */
@ConfigurationProperties("lapse.kafka")
public record KafkaSettings(
    @DefaultValue("localhost:9092") String bootstrapServers,
    @DefaultValue("6") int topicPartitions,
    @DefaultValue("-1") short topicReplication,
    @DefaultValue("none") String compression,
    @DefaultValue Map<String, String> properties) {

  private static final List<String> COMPRESSIONS = List.of("none", "lz4", "zstd", "snappy", "gzip");

  public KafkaSettings {
    if (topicPartitions < 1 || topicPartitions > 10_000) {
      throw new IllegalArgumentException(
          "lapse.kafka.topic-partitions is %d: set it between 1 and 10000 (default 6)"
              .formatted(topicPartitions));
    }
    if (topicReplication != -1 && topicReplication < 1) {
      throw new IllegalArgumentException(
          "lapse.kafka.topic-replication is %d: set 1 or more, or -1 for the broker's default"
              .formatted(topicReplication));
    }
    if (!COMPRESSIONS.contains(compression)) {
      throw new IllegalArgumentException(
          "lapse.kafka.compression is \"%s\": set one of %s (default none)"
              .formatted(compression, String.join(", ", COMPRESSIONS)));
    }
    // Not copied: what comes from files is read again at each look at the map.
  }

  /** The same with other properties. They may change: each new client takes them as they are. */
  public KafkaSettings with(Map<String, String> other) {
    return new KafkaSettings(
        bootstrapServers, topicPartitions, topicReplication, compression, other);
  }

  /** Names the servers only: the properties may hold secrets. */
  @Override
  public String toString() {
    return "KafkaSettings[bootstrapServers=%s]".formatted(bootstrapServers);
  }
}
