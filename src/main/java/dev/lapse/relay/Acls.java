package dev.lapse.relay;

import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.GroupAuthorizationException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.TransactionalIdAuthorizationException;

/** Tells which ACL is missing: Kafka says what it refused, but not what would have let it pass. */
final class Acls {

  private final RelaySettings relay;

  Acls(RelaySettings relay) {
    this.relay = relay;
  }

  /** What to throw in place of {@code failure}: itself, if no ACL is behind it. */
  Exception explained(Exception failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof NotAllowedException) {
        return failure;
      }
      if (cause instanceof AuthorizationException refusal) {
        return new NotAllowedException("Kafka needs an ACL: " + missing(refusal), failure);
      }
    }
    return failure;
  }

  /** For a topic that is not to be seen, and that may not be created. */
  static NotAllowedException toCreate(String topic, Throwable failure) {
    return new NotAllowedException(
        ("Kafka needs an ACL: Lapse cannot see a topic %1$s and may not create it. Create it and allow"
                + " Write on it (and Read on the position topic), or allow Create on the topic or the"
                + " cluster")
            .formatted(topic),
        failure);
  }

  private String missing(AuthorizationException refusal) {
    if (refusal instanceof TopicAuthorizationException topics) {
      return topics(new TreeSet<>(topics.unauthorizedTopics()));
    }
    if (refusal instanceof GroupAuthorizationException) {
      return "allow Read on Group %s (kafka-acls.sh --add --operation Read --group %1$s)"
          .formatted(relay.name());
    }
    if (refusal instanceof TransactionalIdAuthorizationException) {
      return ("allow Write on TransactionalId %s (kafka-acls.sh --add --operation Write"
              + " --transactional-id %1$s)")
          .formatted(relay.name());
    }
    return String.valueOf(refusal.getMessage());
  }

  private String topics(Set<String> topics) {
    StringBuilder missing = new StringBuilder();
    for (String topic : topics) {
      boolean position = topic.equals(relay.positionTopic());
      missing
          .append(missing.isEmpty() ? "" : "; ")
          .append(
              "allow %2$s on Topic %1$s (kafka-acls.sh --add --operation %3$s --topic %1$s)"
                  .formatted(
                      topic,
                      position ? "Read and Write" : "Write",
                      position ? "Read --operation Write" : "Write"));
    }
    return missing.toString();
  }
}
