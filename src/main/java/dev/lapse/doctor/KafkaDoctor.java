package dev.lapse.doctor;

import dev.lapse.kafka.KafkaAccess;
import dev.lapse.kafka.KafkaAtStart;
import dev.lapse.kafka.TransactionProtocol;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.DescribeConsumerGroupsOptions;
import org.apache.kafka.clients.admin.DescribeTopicsOptions;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.GroupAuthorizationException;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.TransactionalIdAuthorizationException;
import org.apache.kafka.common.errors.TransactionalIdNotFoundException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.jspecify.annotations.Nullable;

/** Asks Kafka, as the very user that the service is there. */
public final class KafkaDoctor {

  /** An event of 64 KiB, and what Kafka adds to a batch of one. */
  private static final int EVENT_BYTES = 65 * 1024;

  private final KafkaAccess kafka;
  private final String relay;
  private final Set<String> topics;

  /**
   * @param relay its name
   * @param topics of the events, as they are configured
   */
  public KafkaDoctor(KafkaAccess kafka, String relay, Set<String> topics) {
    this.kafka = kafka;
    this.relay = relay;
    this.topics = new TreeSet<>(topics);
  }

  public List<Diagnosis> run() {
    List<Diagnosis> checks = new ArrayList<>();
    checks.add(Diagnosis.of("kafka", this::brokers));
    if (!checks.get(0).holds()) {
      return checks; // each further question would wait for it as long
    }
    try (Admin admin = kafka.admin()) {
      checks.add(Diagnosis.of("transactions", () -> transactions(admin)));
      checks.add(Diagnosis.of("group", () -> group(admin)));
      checks.add(Diagnosis.of("transactional-id", () -> transactionalId(admin)));
      String position = relay + ".position";
      checks.add(Diagnosis.of("topic " + position, () -> topic(admin, position, true)));
      for (String topic : topics) {
        checks.add(Diagnosis.of("topic " + topic, () -> topic(admin, topic, false)));
      }
    }
    return checks;
  }

  private Diagnosis brokers() {
    try {
      int brokers = new KafkaAtStart(kafka).check();
      return Diagnosis.holds(
          "kafka",
          "brokers that answer at %2$s: %1$d".formatted(brokers, kafka.bootstrapServers()));
    } catch (KafkaAtStart.UnusableException e) {
      return Diagnosis.fails(
          "kafka", String.valueOf(e.getMessage()), "Nothing is published.", e.action());
    }
  }

  private static Diagnosis transactions(Admin admin) throws Exception {
    int level = TransactionProtocol.level(admin);
    return level >= TransactionProtocol.SAFE
        ? Diagnosis.holds("transactions", "transaction.version " + level)
        // No fault: who uses a hosted Kafka, or brokers before 4.0, cannot upgrade it.
        : Diagnosis.warns(
            "transactions",
            "transaction.version " + level,
            "A delayed request can end a later transaction (KAFKA-17754), so events can be lost. It"
                + " is rare.",
            "On brokers of your own, from 4.0 on: kafka-features.sh upgrade --feature"
                + " transaction.version=2");
  }

  private Diagnosis group(Admin admin) throws Exception {
    try {
      Set<AclOperation> allowed =
          admin
              .describeConsumerGroups(
                  List.of(relay),
                  new DescribeConsumerGroupsOptions().includeAuthorizedOperations(true))
              .all()
              .get()
              .values()
              .iterator()
              .next()
              .authorizedOperations();
      return allowed == null || allowed.contains(AclOperation.READ)
          ? Diagnosis.holds("group", "this role may join " + relay)
          : mayNotJoin();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof GroupIdNotFoundException) {
        return Diagnosis.holds("group", relay + " has no member yet");
      }
      if (e.getCause() instanceof GroupAuthorizationException) {
        return mayNotJoin();
      }
      throw e;
    }
  }

  private Diagnosis mayNotJoin() {
    return Diagnosis.fails(
        "group",
        "this role may not join " + relay,
        "No instance can become the leader, so nothing is published.",
        "Allow Read on Group " + relay + ".");
  }

  /** That it may be seen, which whoever may use it may; Kafka does not tell more. */
  private Diagnosis transactionalId(Admin admin) throws Exception {
    try {
      admin.describeTransactions(List.of(relay)).all().get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof TransactionalIdAuthorizationException) {
        return Diagnosis.fails(
            "transactional-id",
            "this role may not use " + relay,
            "Nothing is published: every batch is a Kafka transaction.",
            "Allow Write on TransactionalId " + relay + ".");
      }
      if (TransactionProtocol.isTooOldToDescribe(e.getCause())) {
        return Diagnosis.warns(
            "transactional-id",
            relay + " cannot be described: the brokers are older than Kafka 3.0",
            "Whether this role may use it is not known.",
            "Make sure that Write on TransactionalId " + relay + " is allowed.");
      }
      Optional<String> none = TransactionProtocol.refusal(e.getCause());
      if (none.isPresent()) {
        return Diagnosis.fails(
            "transactional-id",
            "Kafka offers no transactions: " + none.get(),
            "Nothing is published: every batch is a Kafka transaction.",
            "Use brokers, or a plan of the hosting provider, that support transactions.");
      }
      if (!(e.getCause() instanceof TransactionalIdNotFoundException)) {
        throw e;
      }
    }
    return Diagnosis.holds("transactional-id", relay + " can be described");
  }

  private static Diagnosis topic(Admin admin, String topic, boolean position) throws Exception {
    String name = "topic " + topic;
    TopicDescription description;
    try {
      description =
          admin
              .describeTopics(
                  List.of(topic), new DescribeTopicsOptions().includeAuthorizedOperations(true))
              .allTopicNames()
              .get()
              .values()
              .iterator()
              .next();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof TopicAuthorizationException) {
        return Diagnosis.fails(
            name,
            "this role may not describe it",
            "Nothing is published to it.",
            "Allow %s on Topic %s.".formatted(position ? "Read and Write" : "Write", topic));
      }
      if (e.getCause() instanceof UnknownTopicOrPartitionException) {
        return Diagnosis.warns(
            name,
            "it does not exist, or this role cannot see it",
            "The service creates it when it starts, if it may. Otherwise nothing is published.",
            "Create it and allow Write on it, or start the service once and run doctor again.");
      }
      throw e;
    }
    List<String> wrong = new ArrayList<>();
    findWrong(description, position, wrong);
    int brokers = admin.describeCluster().nodes().get().size();
    Config config = config(admin, topic);
    if (config != null) {
      findWrong(config, description, position, wrong);
    }
    if (!wrong.isEmpty()) {
      return Diagnosis.fails(
          name,
          String.join("; ", wrong),
          "Kafka can reject events, or lose them with a broker.",
          "kafka-configs.sh --alter, kafka-acls.sh --add, kafka-reassign-partitions.sh.");
    }
    String seen =
        "partitions: %d, replicas: %d"
            .formatted(description.partitions().size(), replicas(description));
    List<String> effects = new ArrayList<>();
    List<String> actions = new ArrayList<>();
    if (config == null) {
      effects.add("Lapse cannot see its limits; Kafka rejects larger batches.");
      actions.add("Allow DescribeConfigs on Topic %s.".formatted(topic));
    } else if (!position && isCompacted(config)) {
      effects.add("It is compacted: Kafka keeps only the last event of each key.");
      actions.add(
          "kafka-configs.sh --alter --topic %s --add-config cleanup.policy=delete"
              .formatted(topic));
    }
    if (replicas(description) < 2) {
      // Some hosted brokers report one, and keep copies where Kafka does not count them.
      effects.add("Events are lost if their broker is lost, unless its storage is replicated.");
      actions.add(
          "In production use three brokers and kafka-reassign-partitions.sh (brokers now: %d)."
              .formatted(brokers));
    }
    return effects.isEmpty()
        ? Diagnosis.holds(name, seen)
        : Diagnosis.warns(name, seen, String.join(" ", effects), String.join(" ", actions));
  }

  private static boolean isCompacted(Config config) {
    String policy = value(config, TopicConfig.CLEANUP_POLICY_CONFIG);
    return policy != null && policy.contains(TopicConfig.CLEANUP_POLICY_COMPACT);
  }

  /** Null if it may not be seen. */
  private static @Nullable Config config(Admin admin, String topic) throws Exception {
    ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
    try {
      return admin.describeConfigs(List.of(resource)).all().get().get(resource);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof TopicAuthorizationException) {
        return null;
      }
      throw e;
    }
  }

  private static void findWrong(TopicDescription topic, boolean position, List<String> wrong) {
    Set<AclOperation> allowed = topic.authorizedOperations();
    Set<AclOperation> needed =
        position ? Set.of(AclOperation.READ, AclOperation.WRITE) : Set.of(AclOperation.WRITE);
    if (allowed != null && !allowed.containsAll(needed)) {
      wrong.add(
          "missing ACL: "
              + needed.stream()
                  .filter(operation -> !allowed.contains(operation))
                  .map(operation -> operation == AclOperation.READ ? "Read" : "Write")
                  .sorted()
                  .collect(Collectors.joining(", ")));
    }
    long leaderless =
        topic.partitions().stream()
            .filter(one -> one.leader() == null || one.leader().isEmpty())
            .count();
    if (leaderless > 0) {
      wrong.add("partitions without a leader: " + leaderless);
    }
    if (position && topic.partitions().size() != 1) {
      wrong.add("%d partitions instead of 1".formatted(topic.partitions().size()));
    }
  }

  private static int replicas(TopicDescription topic) {
    return topic.partitions().stream().mapToInt(one -> one.replicas().size()).min().orElse(0);
  }

  private static void findWrong(
      Config config, TopicDescription topic, boolean position, List<String> wrong) {
    Integer bytes = number(config, TopicConfig.MAX_MESSAGE_BYTES_CONFIG);
    int least = position ? 600 * 1024 : EVENT_BYTES;
    if (bytes != null && bytes < least) {
      wrong.add("max.message.bytes=%d, below %d".formatted(bytes, least));
    }
    Integer inSync = number(config, TopicConfig.MIN_IN_SYNC_REPLICAS_CONFIG);
    if (inSync != null && replicas(topic) > 1) {
      if (inSync < 2) {
        wrong.add("min.insync.replicas=1: acknowledged events can be lost with one broker");
      } else if (inSync >= replicas(topic)) {
        wrong.add(
            "min.insync.replicas=%d: publishing stops while one broker is down".formatted(inSync));
      }
      long few = topic.partitions().stream().filter(one -> one.isr().size() < inSync).count();
      if (few > 0) {
        wrong.add("partitions with fewer replicas in sync than min.insync.replicas: " + few);
      }
    }
    String policy = value(config, TopicConfig.CLEANUP_POLICY_CONFIG);
    if (position && policy != null && !policy.equals(TopicConfig.CLEANUP_POLICY_COMPACT)) {
      wrong.add(
          "cleanup.policy=%s, not compact: the publish position can be deleted".formatted(policy));
    }
  }

  private static @Nullable Integer number(Config config, String name) {
    String value = value(config, name);
    return value == null ? null : Integer.valueOf(value);
  }

  private static @Nullable String value(Config config, String name) {
    return config.get(name) == null ? null : config.get(name).value();
  }
}
