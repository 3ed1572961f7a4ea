package dev.lapse.fault;

import dev.lapse.fault.History.OutboxRow;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

/** What the controls publish with: an idempotent producer, and no transaction. */
final class PlainPublisher implements AutoCloseable {

  private final KafkaProducer<String, String> producer;
  private final Map<String, String> topics;

  PlainPublisher(String bootstrapServers, Map<String, String> topics) {
    this.topics = topics;
    this.producer =
        new KafkaProducer<>(
            Map.of(
                ProducerConfig.BOOTSTRAP_SERVERS_CONFIG,
                bootstrapServers,
                ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG,
                true),
            new StringSerializer(),
            new StringSerializer());
  }

  void send(OutboxRow row) {
    String topic = topics.get(row.type());
    if (topic == null) {
      throw new IllegalStateException("no topic for " + row);
    }
    ProducerRecord<String, String> event = new ProducerRecord<>(topic, row.key(), row.payload());
    row.event(topic, 0, 0)
        .headers()
        .forEach(
            (name, value) -> event.headers().add(name, value.getBytes(StandardCharsets.UTF_8)));
    var unused = producer.send(event);
  }

  /** Returns when all that was sent has arrived. */
  void flush() {
    producer.flush();
  }

  @Override
  public void close() {
    producer.close();
  }
}
