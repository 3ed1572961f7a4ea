package dev.lapse.outbox;

import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Which outbox a relay reads: what a dump, a copy, a standby and a rename keep, and what another
 * database or schema does not have.
 *
 * @param id of the outbox, from its own migration
 * @param database the oid of the database that holds it
 * @param predecessor the id that the relay's checkpoint was written under; null if there is no
 *     checkpoint. It differs from {@code id} where somebody restored the rows alone
 */
public record OutboxIdentity(UUID id, long database, @Nullable UUID predecessor) {

  /** As the position topic keeps it, and as {@code lapse.relay.replaces} takes it. */
  @Override
  public String toString() {
    return id + "/" + database;
  }
}
