package dev.lapse.fault;

import dev.lapse.support.EventConsumer.Event;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A downstream team's consumer on a thread of its own: {@code read_committed}, every partition of
 * some topics from its beginning, in the order of the offsets, through restarts of brokers and
 * through the topics' being deleted and made anew.
 *
 * <p>After any error it begins again with a new client, at the offsets it had. Where it is belongs
 * to a topic's id, not to its name, and what a poll brought counts only if the topic's id is still
 * the same after it. So it skips nothing and receives nothing twice of its own doing: what comes
 * twice was published twice. It drops no event.
 */
public final class Receiver implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(Receiver.class);

  private static final Duration POLL = Duration.ofMillis(100);
  private static final Duration BACK_OFF = Duration.ofMillis(200);
  private static final Duration LOOK_FOR_TOPICS = Duration.ofSeconds(1);
  private static final int TIMEOUT_MILLIS = 5000;

  private final String bootstrapServers;
  private final Set<String> topics;
  private final Thread thread = new Thread(this::run, "receiver");

  // Of the thread.
  private final Map<Place, Long> offsets = new HashMap<>();
  private Set<Place> assigned = Set.of();
  private long lookedAt;
  private boolean failing;

  // Guarded by this.
  private final List<Event> received = new ArrayList<>();
  private long wanted;
  private long reached;
  private boolean closed;

  private record Place(Uuid topicId, TopicPartition partition) {}

  private Receiver(String bootstrapServers, Set<String> topics) {
    this.bootstrapServers = bootstrapServers;
    this.topics = Set.copyOf(topics);
  }

  /** Of topics that need not exist yet. */
  public static Receiver start(String bootstrapServers, Set<String> topics) {
    Receiver receiver = new Receiver(bootstrapServers, topics);
    receiver.thread.start();
    return receiver;
  }

  /** Everything so far, in the order of receipt. */
  public synchronized List<Event> received() {
    return List.copyOf(received);
  }

  /** Whether what was received came to satisfy {@code predicate} within {@code patience}. */
  public synchronized boolean await(Predicate<List<Event>> predicate, Duration patience)
      throws InterruptedException {
    List<Event> view = Collections.unmodifiableList(received);
    long deadline = System.nanoTime() + patience.toNanos();
    while (!predicate.test(view)) {
      long left = deadline - System.nanoTime();
      if (left <= 0) {
        return false;
      }
      TimeUnit.NANOSECONDS.timedWait(this, left);
    }
    return true;
  }

  /**
   * Waits until everything is received that was committed before this call.
   *
   * @return whether it was within {@code patience}
   */
  public synchronized boolean awaitEnd(Duration patience) throws InterruptedException {
    long mine = ++wanted;
    return await(unused -> reached >= mine, patience);
  }

  @Override
  public void close() {
    synchronized (this) {
      closed = true;
      notifyAll();
    }
    try {
      thread.join();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private synchronized boolean isClosed() {
    return closed;
  }

  private void run() {
    while (!isClosed()) {
      try (Admin admin = Admin.create(common());
          KafkaConsumer<String, String> consumer = consumer()) {
        assigned = Set.of();
        lookedAt = System.nanoTime() - LOOK_FOR_TOPICS.toNanos();
        while (!isClosed()) {
          receive(admin, consumer);
          failing = false;
        }
      } catch (InterruptedException e) {
        return;
      } catch (Exception e) {
        backOff(e);
      }
    }
  }

  private void receive(Admin admin, KafkaConsumer<String, String> consumer) throws Exception {
    long ordered = ordered();
    if (ordered > 0 || System.nanoTime() - lookedAt >= LOOK_FOR_TOPICS.toNanos()) {
      lookedAt = System.nanoTime();
      assign(consumer, places(admin));
    }
    if (assigned.isEmpty()) {
      reached(ordered); // no topic, no event
      rest();
      return;
    }
    ConsumerRecords<String, String> records = consumer.poll(POLL);
    if (!records.isEmpty()) {
      if (!places(admin).equals(assigned)) {
        lookedAt = System.nanoTime() - LOOK_FOR_TOPICS.toNanos();
        assigned = Set.of(); // and the poll is as if it had not been
        return;
      }
      accept(records, consumer);
    } else if (ordered > 0 && isAtEnd(consumer)) {
      reached(ordered);
    }
  }

  private Set<Place> places(Admin admin) throws Exception {
    Set<Place> places = new HashSet<>();
    for (KafkaFuture<TopicDescription> future :
        admin.describeTopics(topics).topicNameValues().values()) {
      try {
        TopicDescription topic = future.get();
        topic
            .partitions()
            .forEach(
                partition ->
                    places.add(
                        new Place(
                            topic.topicId(),
                            new TopicPartition(topic.name(), partition.partition()))));
      } catch (ExecutionException e) {
        if (!(e.getCause() instanceof UnknownTopicOrPartitionException)) {
          throw e;
        }
      }
    }
    return places;
  }

  private void assign(KafkaConsumer<String, String> consumer, Set<Place> places) {
    if (places.equals(assigned)) {
      return;
    }
    consumer.assign(places.stream().map(Place::partition).toList());
    for (Place place : places) {
      Long offset = offsets.get(place);
      if (offset != null) {
        consumer.seek(place.partition(), offset);
      } else {
        consumer.seekToBeginning(List.of(place.partition()));
      }
    }
    assigned = places;
  }

  private void accept(
      ConsumerRecords<String, String> records, KafkaConsumer<String, String> consumer) {
    Map<Place, Long> reached = new HashMap<>();
    for (Place place : assigned) {
      if (!records.records(place.partition()).isEmpty()) {
        reached.put(place, consumer.position(place.partition()));
      }
    }
    synchronized (this) {
      for (ConsumerRecord<String, String> record : records) {
        received.add(Event.of(record));
      }
      notifyAll();
    }
    offsets.putAll(reached);
  }

  private boolean isAtEnd(KafkaConsumer<String, String> consumer) {
    return consumer.endOffsets(consumer.assignment()).entrySet().stream()
        .allMatch(end -> consumer.position(end.getKey()) >= end.getValue());
  }

  /** The latest order to read to the end, 0 if none is open. */
  private synchronized long ordered() {
    return wanted > reached ? wanted : 0;
  }

  private synchronized void reached(long order) {
    reached = Math.max(reached, order);
    notifyAll();
  }

  private void backOff(Exception failure) {
    if (!failing) {
      failing = true;
      log.info("Receiving failed, beginning again with a new client reason={}", failure.toString());
    }
    rest();
  }

  private synchronized void rest() {
    long until = System.nanoTime() + BACK_OFF.toNanos();
    try {
      for (long left = BACK_OFF.toNanos(); left > 0 && !closed; left = until - System.nanoTime()) {
        TimeUnit.NANOSECONDS.timedWait(this, left);
      }
    } catch (InterruptedException e) {
      closed = true;
    }
  }

  private KafkaConsumer<String, String> consumer() {
    Map<String, Object> properties = common();
    properties.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
    properties.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    properties.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
    // An offset out of range is an error, after which it looks whether the topic is another.
    properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none");
    return new KafkaConsumer<>(properties, new StringDeserializer(), new StringDeserializer());
  }

  private Map<String, Object> common() {
    Map<String, Object> properties = new HashMap<>();
    properties.put(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers);
    properties.put(CommonClientConfigs.DEFAULT_API_TIMEOUT_MS_CONFIG, TIMEOUT_MILLIS);
    properties.put(CommonClientConfigs.REQUEST_TIMEOUT_MS_CONFIG, TIMEOUT_MILLIS);
    properties.put(CommonClientConfigs.METADATA_MAX_AGE_CONFIG, 1000);
    properties.put(CommonClientConfigs.RECONNECT_BACKOFF_MAX_MS_CONFIG, 500);
    return properties;
  }
}
