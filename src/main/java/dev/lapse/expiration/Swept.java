package dev.lapse.expiration;

import java.time.Duration;

/**
 * What a sweep did.
 *
 * @param expired approvals that it expired, each with its outbox record
 * @param lateness from deadline to expiry, of the approval that waited longest
 * @param last where it ended in the order of deadlines
 */
public record Swept(long expired, Duration lateness, DueApprovals.Key last) {

  Swept plus(DueApprovals.Batch batch) {
    return new Swept(
        expired + batch.expired(),
        lateness.compareTo(batch.lateness()) > 0 ? lateness : batch.lateness(),
        batch.last());
  }
}
