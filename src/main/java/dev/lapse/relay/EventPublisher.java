package dev.lapse.relay;

import dev.lapse.event.EventEncoder;
import dev.lapse.event.UnpublishableException;
import dev.lapse.outbox.OutboxIdentity;
import dev.lapse.outbox.OutboxRecord;
import dev.lapse.outbox.Position;
import dev.lapse.problem.Reasons;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.jspecify.annotations.Nullable;

/**
 * Publishes pages, each in one Kafka transaction together with the position it leads to: both are
 * committed or neither is.
 *
 * <p>Of one use: after any exception the transaction's outcome may be unknown, and the client may
 * be in a state from which neither commit nor abort leads out (KAFKA-20785). Close it then, open
 * another, which settles what this one left, and read the position topic: it tells what happened.
 */
final class EventPublisher implements AutoCloseable {

  private final Producer<byte[], byte[]> producer;
  private final int batchSize;
  private final Admin admin;
  private final Topics topics;
  private final EventEncoder encoder;
  private final PositionTopic positionTopic;
  private final OutboxIdentity owner;
  private final Poison poison;
  private final TransactionWindow window;

  /** What Kafka refused in the transaction in hand; written by the client's threads. */
  private final Map<String, String> refused = new ConcurrentHashMap<>();

  private final Semaphore noted = new Semaphore(0);
  private List<OutboxRecord> sent = List.of();
  private boolean open;
  private long begunAt;

  /** What was sent by itself to see whether it is poison. */
  private @Nullable OutboxRecord suspect;

  /** Fences every earlier publisher of this relay, and finishes or aborts its transaction. */
  EventPublisher(
      KafkaClients clients,
      Admin admin,
      Topics topics,
      EventEncoder encoder,
      PositionTopic positionTopic,
      OutboxIdentity owner,
      Poison poison,
      TransactionWindow window) {
    this.batchSize = topics.batchSize();
    this.producer = clients.producer(batchSize);
    this.admin = admin;
    this.topics = topics;
    this.encoder = encoder;
    this.positionTopic = positionTopic;
    this.owner = owner;
    this.poison = poison;
    this.window = window;
    try {
      producer.initTransactions();
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  /**
   * Begins a transaction and hands records' events to the client, which sends as it goes: all of
   * them, or as many as the window lets, or those before the first that is known to be poison, or
   * that turns out so.
   *
   * @param withheld says which records wait behind a dead letter: they are passed over
   * @throws NewTermException if a topic takes smaller batches only than this publisher makes
   */
  Sent send(List<OutboxRecord> records, Instant time, Predicate<OutboxRecord> withheld)
      throws Exception {
    ensureTopics(records, withheld);
    begin(records.size());
    for (int i = 0; i < records.size(); i++) {
      OutboxRecord record = records.get(i);
      if (withheld.test(record)) {
        continue;
      }
      boolean suspected = poison.isSuspected(record);
      if (sent.size() == window.records() || (suspected && !sent.isEmpty())) {
        return new Sent(i, null);
      }
      String reason = poison.reason(record);
      if (reason != null || (reason = handOver(record, time)) != null) {
        return new Sent(i, reason);
      }
      sent.add(record);
      if (suspected) {
        suspect = record;
        return new Sent(i + 1, null);
      }
    }
    return new Sent(records.size(), null);
  }

  /** Before the transaction begins: to create many topics may take longer than it may last. */
  private void ensureTopics(List<OutboxRecord> records, Predicate<OutboxRecord> withheld)
      throws Exception {
    for (OutboxRecord record : records) {
      String topic = encoder.topic(record);
      if (topic != null && !topics.isPresent(topic) && !withheld.test(record)) {
        try {
          topics.ensure(admin, topic);
        } catch (UnpublishableException e) {
          poison.prove(record, e.reason());
          break; // what follows is not sent with this page
        }
      }
    }
    if (topics.batchSize() < batchSize) {
      throw new NewTermException("a topic takes smaller batches only");
    }
  }

  /**
   * How far {@link #send} came.
   *
   * @param records of those it was given
   * @param poison why the next one is poison, if that is why it ended there
   */
  record Sent(int records, @Nullable String poison) {}

  /** What the transaction in hand holds, or the last one. */
  List<OutboxRecord> sent() {
    return sent;
  }

  /** Whether a transaction was begun whose end was not seen. */
  boolean isInTransaction() {
    return open;
  }

  /** Why the event of {@code record} is poison; null if it was handed over. */
  private @Nullable String handOver(OutboxRecord record, Instant time) {
    ProducerRecord<byte[], byte[]> event;
    try {
      event = encoder.encode(record, time);
    } catch (UnpublishableException e) {
      return e.reason();
    }
    handOver(
        event,
        (metadata, error) -> {
          if (error != null && isRefusal(error, event.topic())) {
            refused.put(record.eventIdAsText(), Reasons.of(error));
            noted.release();
          }
        });
    return null;
  }

  /** A topic that only a row names must not keep all other events from theirs. */
  private boolean isRefusal(Exception error, String topic) {
    return Poison.isRefusal(error)
        || (error instanceof TopicAuthorizationException && !topics.isConfigured(topic));
  }

  /**
   * Commits what was sent, and {@code position} with it.
   *
   * @throws NewTermException if Kafka refused one of the events
   */
  void commit(Position position, Instant time) {
    try {
      handOver(positionTopic.record(position, owner, time), null);
      producer.commitTransaction();
      open = false;
    } catch (RuntimeException e) {
      throw refusedOr(e);
    }
    window.committed(sent.size(), Duration.ofNanos(System.nanoTime() - begunAt));
    if (suspect != null) {
      poison.forget(suspect.eventIdAsText());
      suspect = null;
    }
  }

  /** The client fails the transaction a moment before it tells which event was refused. */
  private RuntimeException refusedOr(RuntimeException failure) {
    try {
      if (!Poison.isBehind(failure) || !noted.tryAcquire(1, TimeUnit.SECONDS)) {
        window.failed(sent.size());
        return failure;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return failure;
    }
    poison.learn(refused, sent.size());
    return new NewTermException("Kafka rejected an event", failure);
  }

  /** Without the future: commitTransaction() throws what any send failed with. */
  @SuppressWarnings("FutureReturnValueIgnored")
  private void handOver(ProducerRecord<byte[], byte[]> record, @Nullable Callback noting) {
    try {
      producer.send(record, noting);
    } catch (RuntimeException e) {
      throw refusedOr(e);
    }
  }

  /** Commits a position by itself. */
  void publish(Position position, Instant time) {
    begin(0);
    commit(position, time);
  }

  private void begin(int records) {
    sent = new ArrayList<>(records);
    refused.clear();
    noted.drainPermits();
    producer.beginTransaction();
    open = true;
    begunAt = System.nanoTime();
  }

  /** An open transaction is aborted by the successor's start, or by its timeout. */
  @Override
  public void close() {
    producer.close(Duration.ZERO);
  }
}
