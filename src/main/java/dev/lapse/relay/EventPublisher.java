package dev.lapse.relay;

import dev.lapse.outbox.OutboxRecord;
import dev.lapse.outbox.Page;
import dev.lapse.outbox.Position;
import java.time.Duration;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;

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
  private final Admin admin;
  private final Topics topics;
  private final EventEncoder encoder;
  private final PositionTopic positionTopic;

  /** Fences every earlier publisher of this relay, and finishes or aborts its transaction. */
  EventPublisher(
      KafkaClients clients,
      Admin admin,
      Topics topics,
      EventEncoder encoder,
      PositionTopic positionTopic) {
    this.producer = clients.producer();
    this.admin = admin;
    this.topics = topics;
    this.encoder = encoder;
    this.positionTopic = positionTopic;
    try {
      producer.initTransactions();
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  /** Begins a transaction and hands the page's events to the client, which sends as it goes. */
  void send(Page page) throws Exception {
    producer.beginTransaction();
    for (OutboxRecord record : page.records()) {
      ProducerRecord<byte[], byte[]> event = encoder.encode(record);
      topics.ensure(admin, event.topic());
      handOver(event);
    }
  }

  /** Commits what was sent, and {@code position} with it. */
  void commit(Position position) {
    handOver(positionTopic.record(position));
    producer.commitTransaction();
  }

  /** Neither future nor callback: commitTransaction() throws what any send failed with. */
  @SuppressWarnings("FutureReturnValueIgnored")
  private void handOver(ProducerRecord<byte[], byte[]> record) {
    producer.send(record);
  }

  /** Commits a position by itself. */
  void publish(Position position) {
    producer.beginTransaction();
    commit(position);
  }

  /** An open transaction is aborted by the successor's start, or by its timeout. */
  @Override
  public void close() {
    producer.close(Duration.ZERO);
  }
}
