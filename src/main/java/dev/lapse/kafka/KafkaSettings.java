package dev.lapse.kafka;

import java.util.Map;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How to reach Kafka.
 *
 * @param bootstrapServers brokers to begin with, {@code host:port} separated by commas; default
 *     {@code localhost:9092}
 * @param topicPartitions partitions of a topic that Lapse creates because it is absent, 1 to
 *     10,000; default 6
 * @param topicReplication its replicas, or -1 for the broker's default; default -1
 * @param properties any further property of Kafka's clients, such as {@code security.protocol};
 *     given to producer, consumers and admin alike
 */
@ConfigurationProperties("lapse.kafka")
public record KafkaSettings(
    @DefaultValue("localhost:9092") String bootstrapServers,
    @DefaultValue("6") int topicPartitions,
    @DefaultValue("-1") short topicReplication,
    @DefaultValue Map<String, String> properties) {

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
    properties = Map.copyOf(properties);
  }

  /** Names the servers only: the properties may hold secrets. */
  @Override
  public String toString() {
    return "KafkaSettings[bootstrapServers=%s]".formatted(bootstrapServers);
  }
}
