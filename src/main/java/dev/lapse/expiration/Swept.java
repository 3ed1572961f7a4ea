package dev.lapse.expiration;

import java.time.Duration;

/**
 * What a sweep did, or has done so far.
 *
 * @param expired approvals that it expired, each with its outbox record
 * @param lateness from deadline to expiry, of the approval that waited longest; a century at the
 *     most
 * @param next where to go on in the order of deadlines
 * @param more whether there was more to be had when it ended
 */
public record Swept(long expired, Duration lateness, DueApprovals.Key next, boolean more) {

  static Swept nothing(DueApprovals.Key from) {
    return new Swept(0, Duration.ZERO, from, true);
  }

  Swept plus(DueApprovals.Batch batch) {
    return new Swept(
        expired + batch.expired(),
        lateness.compareTo(batch.lateness()) > 0 ? lateness : batch.lateness(),
        batch.next(),
        batch.more());
  }
}
