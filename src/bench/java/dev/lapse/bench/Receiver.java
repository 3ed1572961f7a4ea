package dev.lapse.bench;

import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * A live {@code read_committed} consumer of all of a topic, on a thread of its own. It notes how
 * many events it had when.
 */
final class Receiver implements AutoCloseable {

  /** Without one more event in that time, no more will come. */
  private static final Duration PATIENCE = Duration.ofMinutes(3);

  private final KafkaConsumer<byte[], byte[]> consumer;
  private final Listener listener;
  private final Thread thread;
  private final List<Mark> marks = new ArrayList<>();
  private long count;
  private volatile boolean closing;

  /** Is told of every event, on the receiver's thread. */
  @FunctionalInterface
  interface Listener {

    /**
     * @param at the {@link System#nanoTime()} at which the poll that brought it returned
     */
    void received(ConsumerRecord<byte[], byte[]> event, long at);
  }

  /**
   * How many events there were after a poll.
   *
   * @param at its {@link System#nanoTime()}
   */
  record Mark(long count, long at) {

    double rateSince(Mark before) {
      return (count - before.count) * 1e9 / (at - before.at);
    }

    double secondsSince(long begin) {
      return (at - begin) / 1e9;
    }
  }

  private Receiver(String bootstrapServers, String topic, Listener listener) {
    this.listener = listener;
    this.consumer =
        new KafkaConsumer<>(
            Map.of(
                ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers,
                ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed",
                ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest",
                ConsumerConfig.MAX_POLL_RECORDS_CONFIG, "2000",
                ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "false"),
            new ByteArrayDeserializer(),
            new ByteArrayDeserializer());
    consumer.assign(
        IntStream.range(0, Stage.PARTITIONS).mapToObj(n -> new TopicPartition(topic, n)).toList());
    this.thread = new Thread(this::run, "receiver");
  }

  static Receiver of(Stage stage, String topic) {
    return of(stage, topic, (event, at) -> {});
  }

  static Receiver of(Stage stage, String topic, Listener listener) {
    Receiver receiver = new Receiver(stage.broker().bootstrapServers(), topic, listener);
    receiver.thread.start();
    return receiver;
  }

  private void run() {
    while (!closing) {
      ConsumerRecords<byte[], byte[]> events = consumer.poll(Duration.ofMillis(100));
      long now = System.nanoTime();
      events.forEach(event -> listener.received(event, now));
      note(events.count(), now);
    }
    consumer.close();
  }

  private synchronized void note(int events, long now) {
    if (events > 0) {
      count += events;
      marks.add(new Mark(count, now));
      notifyAll();
    }
  }

  /** Processor time of its thread so far. */
  double cpuSeconds() {
    return ManagementFactory.getThreadMXBean().getThreadCpuTime(thread.getId()) / 1e9;
  }

  synchronized long count() {
    return count;
  }

  /** All marks so far. */
  synchronized List<Mark> marks() {
    return List.copyOf(marks);
  }

  /**
   * Waits until {@code events} have come, and tells of the poll that brought the last of them.
   *
   * @throws IllegalStateException if no more come
   */
  synchronized Mark await(long events) throws InterruptedException {
    while (count < events) {
      long before = count;
      wait(PATIENCE.toMillis());
      if (count == before) {
        throw new IllegalStateException(
            "of %d events only %d came, and no more for %s".formatted(events, count, PATIENCE));
      }
    }
    return marks.stream().filter(mark -> mark.count() >= events).findFirst().orElseThrow();
  }

  @Override
  public void close() {
    closing = true;
    try {
      thread.join();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
