package dev.lapse.kafka;

import dev.lapse.outbox.OutboxRecord;
import java.time.Instant;
import org.apache.kafka.clients.producer.ProducerRecord;

/** Makes of a record of the outbox the event that consumers know it by. */
@FunctionalInterface
public interface EventEncoding {

  /**
   * The event, for its own topic.
   *
   * @param time Kafka's timestamp of it
   * @throws IllegalArgumentException if the record cannot be an event; the message says why
   */
  ProducerRecord<byte[], byte[]> encode(OutboxRecord record, Instant time);
}
