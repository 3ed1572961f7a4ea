package dev.lapse.relay;

import dev.lapse.kafka.EventEncoding;
import dev.lapse.outbox.OutboxRecord;
import java.time.Instant;
import org.apache.kafka.clients.producer.ProducerRecord;

/** The events that the relay publishes, for whoever publishes them again. */
public final class Events implements EventEncoding {

  private final EventEncoder encoder;

  public Events(RelaySettings settings) {
    this.encoder = new EventEncoder(settings);
  }

  @Override
  public ProducerRecord<byte[], byte[]> encode(OutboxRecord record, Instant time) {
    try {
      return encoder.encode(record, time);
    } catch (PoisonException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
  }
}
