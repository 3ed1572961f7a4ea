package dev.lapse.replay;

import dev.lapse.event.EventEncoder;
import dev.lapse.event.UnpublishableException;
import dev.lapse.kafka.KafkaAccess;
import dev.lapse.outbox.OutboxRecord;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;

/**
 * Publishes pages, each in one Kafka transaction: {@code read_committed} consumers see all of one
 * or nothing. Of one use: after an exception, close it.
 */
final class ReplayPublisher implements AutoCloseable {

  private static final String HEADER = "lapse-replay";

  private final Producer<byte[], byte[]> producer;
  private final EventEncoder encoder;
  private final byte[] replay;
  private final @Nullable String toTopic;

  ReplayPublisher(
      KafkaAccess kafka,
      EventEncoder encoder,
      String transactionalId,
      UUID replay,
      @Nullable String toTopic) {
    this.producer = kafka.transactionalProducer(transactionalId);
    this.encoder = encoder;
    this.replay = replay.toString().getBytes(StandardCharsets.UTF_8);
    this.toTopic = toTopic;
    try {
      producer.initTransactions();
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  /**
   * Publishes all of them or none.
   *
   * @throws IllegalArgumentException if one of them cannot be an event
   */
  void publish(List<OutboxRecord> records, Instant time) {
    producer.beginTransaction();
    try {
      send(records, time);
      producer.commitTransaction();
    } catch (RuntimeException e) {
      abort(e);
      throw e;
    }
  }

  /** Without the futures: commitTransaction() throws what any send failed with. */
  @SuppressWarnings("FutureReturnValueIgnored")
  private void send(List<OutboxRecord> records, Instant time) {
    for (OutboxRecord record : records) {
      try {
        ProducerRecord<byte[], byte[]> event = encoder.encode(sentTo(record), time);
        event.headers().add(HEADER, replay);
        producer.send(event);
      } catch (UnpublishableException e) {
        throw new IllegalArgumentException(
            "Outbox id %d: %s".formatted(record.id(), e.getMessage()), e);
      }
    }
  }

  private OutboxRecord sentTo(OutboxRecord record) {
    return toTopic == null
        ? record
        : new OutboxRecord(
            record.id(),
            record.eventId(),
            record.type(),
            toTopic,
            record.key(),
            record.payload(),
            record.headers(),
            record.occurredAt());
  }

  /** So that consumers need not wait until Kafka does it. */
  private void abort(RuntimeException failure) {
    try {
      producer.abortTransaction();
    } catch (RuntimeException e) {
      failure.addSuppressed(e); // then they wait
    }
  }

  /** A transaction left open is aborted by Kafka in time. */
  @Override
  public void close() {
    producer.close(Duration.ofSeconds(1));
  }
}
