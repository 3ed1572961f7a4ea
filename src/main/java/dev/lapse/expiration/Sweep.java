package dev.lapse.expiration;

import dev.lapse.pause.Pause;
import java.util.List;
import java.util.Optional;

/** Expires what is due, batch by batch, until nothing is due any more. */
public final class Sweep {

  private final DueApprovals dueApprovals;
  private final StormGuard stormGuard;
  private final int batchSize;

  Sweep(DueApprovals dueApprovals, StormGuard stormGuard, int batchSize) {
    this.dueApprovals = dueApprovals;
    this.stormGuard = stormGuard;
    this.batchSize = batchSize;
  }

  /**
   * Expires everything that is due and that no approver holds at the moment, unless expiring is
   * paused.
   */
  public Swept run() {
    Swept swept = Swept.nothing(dueApprovals.first());
    while (swept.more()) {
      swept = goOn(swept);
    }
    return swept;
  }

  /**
   * Expires the next batch; what the batches before it did stands, whatever becomes of this one.
   */
  Swept goOn(Swept soFar) {
    if (!soFar.needsPermit()) {
      return expire(soFar);
    }
    return stormGuard
        .permit(soFar.next())
        .map(approvals -> expire(soFar.permit(approvals)))
        .orElseGet(soFar::pause);
  }

  private Swept expire(Swept soFar) {
    return soFar.plus(dueApprovals.expire(soFar.next(), batchSize));
  }

  /** Why expiring is paused, if it is. */
  public Optional<Pause> pause() {
    return stormGuard.pause();
  }

  /** Approvals that a sweep would expire now. */
  public long count() {
    return dueApprovals.count();
  }

  /** Those that are due longest, one line each, for a person to read. */
  public List<String> list(int limit) {
    return dueApprovals.list(limit);
  }
}
