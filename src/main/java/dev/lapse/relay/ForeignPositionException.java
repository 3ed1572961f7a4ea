package dev.lapse.relay;

import dev.lapse.outbox.OutboxIdentity;
import dev.lapse.problem.Problem;

/**
 * The publish position under this relay's name belongs to another outbox, so this instance
 * publishes nothing: it would skip or repeat events of both.
 */
final class ForeignPositionException extends Exception {

  private static final long serialVersionUID = 1L;

  private final transient Problem problem;

  ForeignPositionException(String relay, String owner, OutboxIdentity own) {
    this(
        new Problem(
            ("Relay name conflict: the publish position of relay %s in Kafka belongs to the outbox"
                    + " %s, and this outbox is %s.")
                .formatted(relay, owner, own),
            "This instance publishes nothing.",
            ("set lapse.relay.name to a name that no other database or schema on this Kafka uses;"
                    + " only if this outbox replaces that one: lapse.relay.replaces=%s")
                .formatted(owner)));
  }

  private ForeignPositionException(Problem problem) {
    super("%s %s action=\"%s\"".formatted(problem.what(), problem.why(), problem.action()));
    this.problem = problem;
  }

  Problem problem() {
    return problem;
  }
}
