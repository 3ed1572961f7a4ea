package dev.lapse.relay;

import dev.lapse.outbox.OutboxIdentities;
import dev.lapse.outbox.OutboxIdentity;
import dev.lapse.outbox.OutboxReader;
import dev.lapse.outbox.Position;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.clients.admin.Admin;
import org.jspecify.annotations.Nullable;

/**
 * Whether the publish position in Kafka is this outbox's. Two databases or schemas whose relays
 * have the same name on one Kafka would take turns with one position: the one starves, and at every
 * change events repeat.
 *
 * <p>A failover, a restored dump, a copy of the files and a rename keep the outbox's identity.
 * Where somebody restored the rows alone, the restored checkpoint names the predecessor.
 */
final class Ownership {

  private static final Pattern OWNER = Pattern.compile("([0-9a-f-]{36})/(\\d{1,10})");

  private final OutboxIdentities identities;
  private final RelaySettings settings;

  Ownership(OutboxIdentities identities, RelaySettings settings) {
    this.identities = identities;
    this.settings = settings;
  }

  /** This outbox. */
  OutboxIdentity own() {
    return identities.of(settings.name());
  }

  /**
   * Refuses a position of another outbox, asking both servers for what it needs.
   *
   * @throws ForeignPositionException names both, and what to do
   */
  void check(PositionTopic positionTopic, Admin admin, OutboxReader reader) throws Exception {
    PositionTopic.Kept kept = positionTopic.last(admin).orElse(null);
    if (kept != null) {
      check(kept, own(), reader.state().origin().systemIdentifier());
    }
  }

  /**
   * Refuses a position of another outbox.
   *
   * @param kept the last position, with its owner; null if there is none
   * @param systemIdentifier of the cluster that this outbox is in
   * @throws ForeignPositionException names both, and what to do
   */
  void check(PositionTopic.@Nullable Kept kept, OutboxIdentity own, long systemIdentifier)
      throws ForeignPositionException {
    if (kept == null
        || kept.owner() == null
        || isOurs(kept.owner(), own, kept.position(), systemIdentifier)) {
      return;
    }
    throw new ForeignPositionException(settings.name(), kept.owner(), own);
  }

  private boolean isOurs(
      String owner, OutboxIdentity own, Position position, long systemIdentifier) {
    Matcher parts = OWNER.matcher(owner);
    if (owner.equals(own.toString()) || owner.equals(settings.replaces()) || !parts.matches()) {
      return true;
    }
    String id = parts.group(1);
    if (!id.equals(own.id().toString())) {
      return own.predecessor() != null && id.equals(own.predecessor().toString());
    }
    // A database made from this one as a template has its identity, while that one is still there.
    return position.origin().systemIdentifier() != systemIdentifier
        || !identities.hasDatabase(Long.parseLong(parts.group(2)));
  }
}
