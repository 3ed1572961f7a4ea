package dev.lapse.relay;

import dev.lapse.problem.Reasons;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.NewTopic;

/** The brokers do not create a topic as Lapse asked for it: a person must create it. */
final class RefusedTopicException extends Exception {

  private static final long serialVersionUID = 1L;

  RefusedTopicException(NewTopic topic, Throwable cause) {
    super(
        "Kafka refuses to create topic %s (%s). action=\"kafka-topics.sh --create --topic %1$s --partitions %d%s\""
            .formatted(
                topic.name(), Reasons.of(cause), topic.numPartitions(), configs(topic.configs())));
    // Not as its cause: it is said already.
    addSuppressed(cause);
  }

  private static String configs(@org.jspecify.annotations.Nullable Map<String, String> configs) {
    return configs == null
        ? ""
        : configs.entrySet().stream()
            .map(config -> " --config %s=%s".formatted(config.getKey(), config.getValue()))
            .sorted()
            .collect(Collectors.joining());
  }
}
