package dev.lapse.relay;

import dev.lapse.event.UnpublishableException;
import dev.lapse.kafka.KafkaSettings;
import dev.lapse.kafka.TransactionProtocol;
import dev.lapse.problem.Reasons;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The topics that the relay writes to: created where they are absent, otherwise left as they are.
 */
final class Topics {

  private static final Logger log = LoggerFactory.getLogger(Topics.class);

  private final KafkaSettings kafka;
  private final RelaySettings relay;

  /** What a batch may hold where topics take more than that, in bytes. */
  private static final int BATCH_SIZE = 256 * 1024;

  private final Set<String> present = ConcurrentHashMap.newKeySet();
  private final Set<String> warnedOf = ConcurrentHashMap.newKeySet();
  private int batchSize = BATCH_SIZE;

  Topics(KafkaSettings kafka, RelaySettings relay) {
    this.kafka = kafka;
    this.relay = relay;
  }

  /** Sees to it that the position topic and the configured event topics exist. */
  void createAll(Admin admin) throws Exception {
    // Compacted and in small segments: a new leader reads little, and an old position never goes.
    create(
        admin,
        new NewTopic(relay.positionTopic(), 1, kafka.topicReplication())
            .configs(
                Map.of(
                    TopicConfig.CLEANUP_POLICY_CONFIG,
                    TopicConfig.CLEANUP_POLICY_COMPACT,
                    TopicConfig.SEGMENT_BYTES_CONFIG,
                    Integer.toString(8 * 1024 * 1024),
                    TopicConfig.SEGMENT_MS_CONFIG,
                    "3600000")));
    for (String topic : new HashSet<>(relay.topics().values())) {
      ensure(admin, topic);
    }
  }

  /** Asks Kafka anew from now on: a topic may have been deleted. */
  void forget() {
    present.clear();
    batchSize = BATCH_SIZE;
  }

  boolean isPresent(String topic) {
    return present.contains(topic);
  }

  /**
   * Sees to it that an event topic exists, asking Kafka the first time only.
   *
   * @throws UnpublishableException if Kafka takes no topic of that name
   */
  void ensure(Admin admin, String topic) throws Exception {
    if (!isPresent(topic)) {
      create(admin, new NewTopic(topic, kafka.topicPartitions(), kafka.topicReplication()));
    }
  }

  private void create(Admin admin, NewTopic topic) throws Exception {
    if (!admin.listTopics().names().get().contains(topic.name())) {
      try {
        admin.createTopics(List.of(topic)).all().get();
        log.info("Created topic name={} partitions={}", topic.name(), topic.numPartitions());
      } catch (ExecutionException e) {
        if (e.getCause() instanceof InvalidTopicException invalid) {
          throw new UnpublishableException("Kafka rejects the topic: " + Reasons.of(invalid));
        }
        if (e.getCause() instanceof AuthorizationException) {
          throw Acls.toCreate(topic.name(), e);
        }
        if (!(e.getCause() instanceof TopicExistsException)) {
          throw e;
        }
      }
    }
    present.add(topic.name());
    batchSize = Math.min(batchSize, maxMessageBytes(admin, topic.name()));
  }

  /**
   * Bytes that a batch may hold so that every topic seen so far takes it. A larger one the client
   * would split, into parts of its batch size: the same again and again, until time is up.
   */
  int batchSize() {
    return batchSize;
  }

  private int maxMessageBytes(Admin admin, String topic) throws Exception {
    ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
    try {
      return admin.describeConfigs(List.of(resource)).all().get().values().stream()
          .map(config -> config.get(TopicConfig.MAX_MESSAGE_BYTES_CONFIG))
          .filter(Objects::nonNull) // not every Kafka tells
          .mapToInt(limit -> Integer.parseInt(limit.value()))
          .min()
          .orElse(BATCH_SIZE);
    } catch (ExecutionException e) {
      if (!(e.getCause() instanceof AuthorizationException)) {
        log.debug("Cannot read the limits of a topic, perhaps a new one name={}", topic, e);
      } else if (warnedOf.add(topic)) {
        log.warn(
            "Missing DescribeConfigs on a topic: batches may exceed its max.message.bytes name={}"
                + " action=\"allow DescribeConfigs on it\"",
            topic);
      }
      return BATCH_SIZE;
    }
  }

  /**
   * Says so where the brokers still run the transaction protocol in which a delayed request may
   * decide a later transaction (KAFKA-17754, mended by KIP-890).
   */
  void warnOfOldTransactions(Admin admin) throws Exception {
    int level = TransactionProtocol.level(admin);
    if (level < TransactionProtocol.SAFE) {
      log.warn(
          "Kafka uses an old transaction protocol, in which a delayed request can lose events"
              + " feature=transaction.version level={} action=\"upgrade it to 2 with kafka-features.sh, see"
              + " KAFKA-17754\"",
          level);
    }
  }
}
