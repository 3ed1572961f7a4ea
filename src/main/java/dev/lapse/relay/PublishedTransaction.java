package dev.lapse.relay;

import dev.lapse.outbox.OutboxRecord;
import java.time.Instant;
import java.util.List;

/**
 * The events of one transaction that Kafka has committed.
 *
 * @param records those of the outbox that they were made of, in id order
 * @param bytes of their keys, payloads and further headers
 * @param stragglers how many of them had become visible below the position
 * @param at when it was committed, by the database's clock
 */
public record PublishedTransaction(
    List<OutboxRecord> records, long bytes, int stragglers, Instant at) {

  public int events() {
    return records.size();
  }
}
