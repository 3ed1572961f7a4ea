package dev.lapse.support;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * A downstream team's consumer: real, {@code read_committed}, reading every topic of a prefix from
 * its beginning and remembering all it got, in order. It takes no ApprovalExpired that is not as
 * the contract says.
 */
public final class EventConsumer implements AutoCloseable {

  private final KafkaConsumer<String, String> consumer;
  private final List<Event> received = new ArrayList<>();
  private final Set<Place> read = new HashSet<>();
  private String ignored = "";

  private EventConsumer(String bootstrapServers) {
    this.consumer =
        new KafkaConsumer<>(
            Map.of(
                ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers,
                ConsumerConfig.GROUP_ID_CONFIG, "consumer-" + java.util.UUID.randomUUID(),
                ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed",
                ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest",
                ConsumerConfig.METADATA_MAX_AGE_CONFIG, "500",
                ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "false"),
            new StringDeserializer(),
            new StringDeserializer());
  }

  public static EventConsumer of(String bootstrapServers, String topicPrefix) {
    EventConsumer consumer = new EventConsumer(bootstrapServers);
    consumer.consumer.subscribe(Pattern.compile(Pattern.quote(topicPrefix) + ".*"));
    return consumer;
  }

  public static EventConsumer ofTopics(String bootstrapServers, Set<String> topics) {
    EventConsumer consumer = new EventConsumer(bootstrapServers);
    consumer.consumer.subscribe(topics);
    return consumer;
  }

  /** Leaves out what comes from {@code topic}. */
  public EventConsumer without(String topic) {
    ignored = topic;
    return this;
  }

  /** Polls once and returns what this poll brought. */
  public List<Event> poll(Duration patience) {
    List<Event> now = new ArrayList<>();
    for (ConsumerRecord<String, String> record : consumer.poll(patience)) {
      // When it loses its place in the group, with the broker, it begins at the beginning.
      boolean isNew = read.add(Place.of(record));
      if (isNew && !record.topic().equals(ignored)) {
        now.add(Event.of(record).checked());
      }
    }
    received.addAll(now);
    return now;
  }

  /** Everything so far. */
  public List<Event> received() {
    return received;
  }

  /**
   * Polls until {@code count} events are there, and on to the end of what is committed then, for
   * those that should not be.
   *
   * @throws AssertionError if they are not there within a minute
   */
  public List<Event> await(int count) {
    long deadline = System.nanoTime() + Duration.ofMinutes(1).toNanos();
    while (received.size() < count) {
      requireTime(deadline, count);
      poll(Duration.ofMillis(100));
    }
    poll(Duration.ofMillis(200)); // a commit is told of before it has reached all partitions
    Map<TopicPartition, Long> ends = consumer.endOffsets(consumer.assignment());
    while (isBefore(ends)) {
      requireTime(deadline, count);
      poll(Duration.ofMillis(100));
    }
    return received;
  }

  private void requireTime(long deadline, int count) {
    if (System.nanoTime() - deadline > 0) {
      throw new AssertionError(
          "received %d of %d events within a minute".formatted(received.size(), count));
    }
  }

  private boolean isBefore(Map<TopicPartition, Long> ends) {
    return ends.entrySet().stream()
        .filter(end -> consumer.assignment().contains(end.getKey()))
        .anyMatch(end -> consumer.position(end.getKey()) < end.getValue());
  }

  @Override
  public void close() {
    consumer.close(org.apache.kafka.clients.consumer.CloseOptions.timeout(Duration.ofSeconds(1)));
  }

  /** The timestamp, as a topic that was deleted and made anew has the same offsets again. */
  private record Place(String topic, int partition, long offset, long timestamp) {

    static Place of(ConsumerRecord<String, String> record) {
      return new Place(record.topic(), record.partition(), record.offset(), record.timestamp());
    }
  }

  /** An event as it was received. */
  public record Event(
      String topic,
      int partition,
      long offset,
      String key,
      String value,
      Map<String, String> headers) {

    public static Event of(ConsumerRecord<String, String> record) {
      Map<String, String> headers = new TreeMap<>();
      record
          .headers()
          .forEach(h -> headers.put(h.key(), new String(h.value(), StandardCharsets.UTF_8)));
      return new Event(
          record.topic(),
          record.partition(),
          record.offset(),
          record.key(),
          record.value(),
          headers);
    }

    /**
     * This event.
     *
     * @throws IllegalStateException if it is an ApprovalExpired that is not as the contract says
     */
    public Event checked() {
      Contract.check(key, headers, value);
      return this;
    }

    public String id() {
      return header("ce_id");
    }

    public String header(String name) {
      return java.util.Objects.requireNonNull(headers.get(name), () -> "no header " + name);
    }
  }
}
