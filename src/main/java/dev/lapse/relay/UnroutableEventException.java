package dev.lapse.relay;

import dev.lapse.outbox.OutboxRecord;

/** An event of a type that no topic is configured for, in a row that names none. */
final class UnroutableEventException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  UnroutableEventException(OutboxRecord record) {
    super(
        ("No topic for event type \"%s\" (outbox id %d): set lapse.relay.topics[%s], or name a topic"
                + " in the row. Nothing is published past it until then")
            .formatted(record.type(), record.id(), record.type()));
  }
}
