package dev.lapse.relay;

import dev.lapse.outbox.OutboxIdentity;

/**
 * The publish position under this relay's name belongs to another outbox, so this instance
 * publishes nothing: it would skip or repeat events of both.
 */
final class ForeignPositionException extends Exception {

  private static final long serialVersionUID = 1L;

  ForeignPositionException(String relay, String owner, OutboxIdentity own) {
    super(
        ("Relay name conflict: the publish position of relay %1$s in Kafka belongs to the outbox"
                + " %2$s, and this outbox is %3$s. This instance publishes nothing."
                + " action=\"set lapse.relay.name to a name that no other database or schema on this"
                + " Kafka uses; only if this outbox replaces that one: lapse.relay.replaces=%2$s\"")
            .formatted(relay, owner, own));
  }
}
