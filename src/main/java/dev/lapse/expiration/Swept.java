package dev.lapse.expiration;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

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
 * @param narrowed how often the size of a batch is halved, since one was refused
 * @param refused approvals that it found to be refused, and no sweep before
 */
public record Swept(
    long expired,
    Duration lateness,
    DueApprovals.Key next,
    boolean more,
    long permitted,
    boolean paused,
    int narrowed,
    List<Refusal> refused) {

  public Swept {
    refused = List.copyOf(refused);
  }

  static Swept nothing(DueApprovals.Key from) {
    return new Swept(0, Duration.ZERO, from, true, 0, false, 0, List.of());
  }

  boolean needsPermit() {
    return expired >= permitted;
  }

  Swept permit(long approvals) {
    return new Swept(expired, lateness, next, more, expired + approvals, false, narrowed, refused);
  }

  Swept pause() {
    return new Swept(expired, lateness, next, false, permitted, true, narrowed, refused);
  }

  /** Goes on behind a batch, and with twice as many where they had been halved. */
  Swept plus(DueApprovals.Batch batch) {
    return new Swept(
        expired + batch.expired(),
        lateness.compareTo(batch.lateness()) > 0 ? lateness : batch.lateness(),
        batch.next(),
        batch.more(),
        permitted,
        batch.paused(),
        Math.max(0, narrowed - 1),
        refused);
  }

  /** Goes on where it is, with half as many; far enough, with none. */
  Swept narrow() {
    int narrower = Math.min(narrowed + 1, Integer.SIZE - 1);
    return new Swept(expired, lateness, next, more, permitted, paused, narrower, refused);
  }

  /** Goes on where it is, with the next one by itself. */
  Swept narrowToOne() {
    return new Swept(expired, lateness, next, more, permitted, paused, Integer.SIZE - 1, refused);
  }

  /** Goes on where it is, past that one. */
  Swept plus(Refusal refusal) {
    List<Refusal> all = new ArrayList<>(refused);
    all.add(refusal);
    return new Swept(expired, lateness, next, more, permitted, paused, narrowed, all);
  }
}
