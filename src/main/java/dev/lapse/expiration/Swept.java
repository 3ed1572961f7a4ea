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
 * @param permitted how many may expire until the storm guard is asked again
 * @param paused whether it ended, or did not begin, because expiring is paused
 */
public record Swept(
    long expired,
    Duration lateness,
    DueApprovals.Key next,
    boolean more,
    long permitted,
    boolean paused) {

  static Swept nothing(DueApprovals.Key from) {
    return new Swept(0, Duration.ZERO, from, true, 0, false);
  }

  boolean needsPermit() {
    return expired >= permitted;
  }

  Swept permit(long approvals) {
    return new Swept(expired, lateness, next, more, expired + approvals, false);
  }

  Swept pause() {
    return new Swept(expired, lateness, next, false, permitted, true);
  }

  Swept plus(DueApprovals.Batch batch) {
    return new Swept(
        expired + batch.expired(),
        lateness.compareTo(batch.lateness()) > 0 ? lateness : batch.lateness(),
        batch.next(),
        batch.more(),
        permitted,
        batch.paused());
  }
}
