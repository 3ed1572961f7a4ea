package dev.lapse.audit;

import dev.lapse.kafka.KafkaAccess;
import dev.lapse.problem.Reasons;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.AuthorizationException;

/**
 * The event topics from their beginning to where they ended when this was opened, as {@code
 * read_committed} consumers get them. What lies behind an open transaction is committed, too, so
 * the end is not where such consumers stop now. Of one use and one thread.
 */
final class KafkaSide implements AutoCloseable {

  private final Consumer<byte[], byte[]> reader;
  private final Map<String, Integer> partitions = new TreeMap<>();
  private final Set<String> absent = new TreeSet<>();
  private final Set<String> compacted = new TreeSet<>();
  private final Map<TopicPartition, Long> begins = new HashMap<>();
  private final Map<TopicPartition, Long> ends = new HashMap<>();
  private final Map<TopicPartition, Instant> reaches = new HashMap<>();

  /**
   * @throws IllegalStateException if Kafka does not answer
   */
  KafkaSide(KafkaAccess kafka, Set<String> topics) throws InterruptedException {
    try (Admin admin = kafka.admin()) {
      describe(admin, topics);
      findEnds(admin);
    } catch (ExecutionException | RuntimeException e) {
      throw unreachable(kafka, e);
    }
    this.reader = kafka.reader();
    try {
      reader.assign(ends.keySet());
      beginAtBeginning(ends.keySet());
    } catch (RuntimeException e) {
      reader.close(CloseOptions.timeout(Duration.ZERO));
      throw unreachable(kafka, e);
    }
  }

  private static IllegalStateException unreachable(KafkaAccess kafka, Exception e) {
    String what =
        e.getCause() instanceof AuthorizationException ? "refuses access at" : "does not answer at";
    return new IllegalStateException(
        "Kafka %s %s (%s)".formatted(what, kafka.bootstrapServers(), Reasons.of(e)), e);
  }

  private void describe(Admin admin, Set<String> topics)
      throws ExecutionException, InterruptedException {
    Set<String> present = new TreeSet<>(admin.listTopics().names().get());
    absent.addAll(topics);
    absent.removeAll(present);
    present.retainAll(topics);
    for (TopicDescription topic : admin.describeTopics(present).allTopicNames().get().values()) {
      partitions.put(topic.name(), topic.partitions().size());
    }
    List<ConfigResource> resources =
        present.stream()
            .map(topic -> new ConfigResource(ConfigResource.Type.TOPIC, topic))
            .toList();
    try {
      Map<ConfigResource, Config> configs = admin.describeConfigs(resources).all().get();
      configs.forEach(
          (topic, config) -> {
            if (config
                .get(TopicConfig.CLEANUP_POLICY_CONFIG)
                .value()
                .contains(TopicConfig.CLEANUP_POLICY_COMPACT)) {
              compacted.add(topic.name());
            }
          });
    } catch (ExecutionException e) {
      // Nobody needs that right to have a topic that is not compacted, as most are.
      if (!(e.getCause() instanceof AuthorizationException)) {
        throw e;
      }
    }
  }

  private void findEnds(Admin admin) throws ExecutionException, InterruptedException {
    Map<TopicPartition, OffsetSpec> latest = new HashMap<>();
    partitions.forEach(
        (topic, count) -> {
          for (int i = 0; i < count; i++) {
            latest.put(new TopicPartition(topic, i), OffsetSpec.latest());
          }
        });
    admin
        .listOffsets(latest, new ListOffsetsOptions(IsolationLevel.READ_UNCOMMITTED))
        .all()
        .get()
        .forEach((partition, end) -> ends.put(partition, end.offset()));
  }

  private void beginAtBeginning(Set<TopicPartition> some) {
    Map<TopicPartition, Long> now = reader.beginningOffsets(some);
    begins.putAll(now);
    now.forEach(reader::seek);
  }

  /** The next records, partition after partition, in their order; none does not mean the end. */
  Collection<ConsumerRecord<byte[], byte[]>> poll(Duration patience) {
    List<ConsumerRecord<byte[], byte[]>> batch = new ArrayList<>();
    for (ConsumerRecord<byte[], byte[]> record : read(patience)) {
      TopicPartition partition = new TopicPartition(record.topic(), record.partition());
      if (record.offset() < ends.getOrDefault(partition, 0L)) {
        reaches.putIfAbsent(partition, Instant.ofEpochMilli(record.timestamp()));
        batch.add(record);
      }
    }
    return batch;
  }

  /** What is deleted meanwhile is passed over, and the topic reaches back less far. */
  private ConsumerRecords<byte[], byte[]> read(Duration patience) {
    try {
      return reader.poll(patience);
    } catch (OffsetOutOfRangeException e) {
      reaches.keySet().removeAll(e.partitions());
      beginAtBeginning(e.partitions());
      return ConsumerRecords.empty();
    }
  }

  boolean atEnd() {
    return ends.keySet().stream().allMatch(this::isAtEnd);
  }

  private boolean isAtEnd(TopicPartition partition) {
    return reader.position(partition) >= ends.getOrDefault(partition, 0L);
  }

  /** A partition that is read as far as an open transaction lets, and not to its end. */
  Optional<TopicPartition> heldUp() {
    List<TopicPartition> left =
        ends.keySet().stream().filter(partition -> !isAtEnd(partition)).toList();
    return reader.endOffsets(left).entrySet().stream()
        .filter(stable -> reader.position(stable.getKey()) >= stable.getValue())
        .map(Map.Entry::getKey)
        .findFirst();
  }

  /**
   * Whether an event may have been in the topic and is there no more: by retention, by compaction,
   * or because somebody deleted records. What occurred after the oldest that is left has not been.
   */
  boolean mayBeGone(String topic, byte[] key, Instant occurredAt) {
    Integer count = partitions.get(topic);
    if (count == null) {
      return false; // there is no such topic, so nobody can have received the event
    }
    if (compacted.contains(topic)) {
      return true;
    }
    TopicPartition partition =
        new TopicPartition(topic, BuiltInPartitioner.partitionForKey(key, count));
    if (begins.getOrDefault(partition, 0L) == 0) {
      return false;
    }
    Instant reach = reaches.get(partition);
    return reach == null || !occurredAt.isAfter(reach);
  }

  /** How far back each topic reaches, for people. */
  List<TopicReach> reach() {
    List<TopicReach> topics = new ArrayList<>();
    absent.forEach(topic -> topics.add(new TopicReach(topic, false, false, null)));
    partitions.keySet().forEach(topic -> topics.add(reach(topic)));
    return topics;
  }

  private TopicReach reach(String topic) {
    Instant since = null;
    for (Map.Entry<TopicPartition, Long> begin : begins.entrySet()) {
      if (begin.getKey().topic().equals(topic) && begin.getValue() > 0) {
        Instant reach = reaches.getOrDefault(begin.getKey(), Instant.MAX);
        since = since == null || reach.isAfter(since) ? reach : since;
      }
    }
    return new TopicReach(
        topic, true, compacted.contains(topic), since == null ? null : text(since));
  }

  private static String text(Instant since) {
    return since.equals(Instant.MAX) ? "nothing is left of a partition" : since.toString();
  }

  @Override
  public void close() {
    reader.close(CloseOptions.timeout(Duration.ofSeconds(1)));
  }
}
