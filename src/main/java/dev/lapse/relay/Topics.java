package dev.lapse.relay;

import dev.lapse.event.UnpublishableException;
import dev.lapse.kafka.KafkaSettings;
import dev.lapse.kafka.TransactionProtocol;
import dev.lapse.problem.Reasons;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.InvalidPartitionsException;
import org.apache.kafka.common.errors.InvalidReplicationFactorException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.PolicyViolationException;
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
    createPositionTopic(admin);
    for (String topic : new HashSet<>(relay.topics().values())) {
      ensure(admin, topic);
    }
  }

  /**
   * Compacted and in small segments: a new leader reads little, and an old position never goes. A
   * hosting provider's policy may not allow small segments; then with segments of its own size.
   */
  private void createPositionTopic(Admin admin) throws Exception {
    Map<String, String> compacted =
        Map.of(TopicConfig.CLEANUP_POLICY_CONFIG, TopicConfig.CLEANUP_POLICY_COMPACT);
    Map<String, String> small = new HashMap<>(compacted);
    small.put(TopicConfig.SEGMENT_BYTES_CONFIG, Integer.toString(8 * 1024 * 1024));
    small.put(TopicConfig.SEGMENT_MS_CONFIG, "3600000");
    NewTopic topic = new NewTopic(relay.positionTopic(), 1, kafka.topicReplication());
    try {
      create(admin, topic.configs(small));
    } catch (RefusedTopicException e) {
      log.debug("The brokers' policy does not allow small segments name={}", topic.name(), e);
      create(admin, topic.configs(compacted));
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
   * Sees to it that an event topic exists, asking Kafka the first time only. What is configured
   * concerns all events of a type, so a person must act; a topic that a row names concerns that
   * row.
   *
   * @throws UnpublishableException if Kafka takes no topic of that name, or if none is configured
   *     of that name and it can or may not be created
   * @throws RefusedTopicException if it is configured, and the brokers refuse to create it
   * @throws NotAllowedException if it is configured, and may not be created
   */
  void ensure(Admin admin, String topic) throws Exception {
    if (!isPresent(topic)) {
      try {
        create(admin, new NewTopic(topic, kafka.topicPartitions(), kafka.topicReplication()));
      } catch (RefusedTopicException | NotAllowedException e) {
        if (isConfigured(topic)) {
          throw e;
        }
        throw new UnpublishableException(Reasons.of(e));
      }
    }
  }

  /** Whether the settings name this topic, and not just a row. */
  boolean isConfigured(String topic) {
    return relay.topics().containsValue(topic);
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
        if (e.getCause() instanceof PolicyViolationException
            || e.getCause() instanceof InvalidConfigurationException
            || e.getCause() instanceof InvalidReplicationFactorException
            || e.getCause() instanceof InvalidPartitionsException) {
          throw new RefusedTopicException(topic, e.getCause());
        }
        if (!(e.getCause() instanceof TopicExistsException)) {
          throw e;
        }
      }
    } else if (topic.name().equals(relay.positionTopic())) {
      warnOfPartitions(admin, topic.name());
    }
    present.add(topic.name());
    batchSize = Math.min(batchSize, maxMessageBytes(admin, topic.name()));
  }

  /** It may have been made by hand. Positions go to partition 0, whatever others there are. */
  private void warnOfPartitions(Admin admin, String topic) throws Exception {
    int partitions =
        admin.describeTopics(List.of(topic)).allTopicNames().get().values().stream()
            .mapToInt(description -> description.partitions().size())
            .sum();
    if (partitions != 1 && warnedOf.add(topic + "/partitions")) {
      log.warn(
          "The position topic has more than one partition: instances may not agree who leads"
              + " name={} partitions={} action=\"stop Lapse, note the last record of partition 0,"
              + " create the topic with 1 partition, and write that record to it\"",
          topic,
          partitions);
    }
  }

  private void warnOfCleanup(String topic, Config config) {
    ConfigEntry policy = config.get(TopicConfig.CLEANUP_POLICY_CONFIG);
    if (policy == null || policy.value() == null) {
      return;
    }
    boolean position = topic.equals(relay.positionTopic());
    boolean wrong =
        position
            ? !policy.value().equals(TopicConfig.CLEANUP_POLICY_COMPACT)
            : policy.value().contains(TopicConfig.CLEANUP_POLICY_COMPACT);
    if (wrong && warnedOf.add(topic + "/cleanup")) {
      warnOfCleanup(topic, policy.value(), position);
    }
  }

  private static void warnOfCleanup(String topic, String policy, boolean position) {
    if (position) {
      log.warn(
          "Kafka may delete the publish position, and then events are published again name={}"
              + " cleanup.policy={} action=\"kafka-configs.sh --alter --topic {} --add-config"
              + " cleanup.policy=compact\"",
          topic,
          policy,
          topic);
    } else {
      log.warn(
          "Kafka compacts an event topic: it keeps only the last event of each key name={}"
              + " cleanup.policy={} action=\"kafka-configs.sh --alter --topic {} --add-config"
              + " cleanup.policy=delete\"",
          topic,
          policy,
          topic);
    }
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
      Collection<Config> configs = admin.describeConfigs(List.of(resource)).all().get().values();
      configs.forEach(config -> warnOfCleanup(topic, config));
      return configs.stream()
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
    String none = TransactionProtocol.refusal(admin, relay.name()).orElse(null);
    if (none != null) {
      log.warn(
          "Kafka offers no transactions, so nothing can be published relay={} reason=\"{}\""
              + " action=\"use brokers, or a plan of the hosting provider, that support transactions\"",
          relay.name(),
          none);
    }
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
