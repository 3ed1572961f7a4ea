package dev.lapse.expiration;

import java.util.List;

/** Expires what is due, batch by batch, until nothing is due any more. */
public final class Sweep {

  private final DueApprovals dueApprovals;
  private final int batchSize;

  Sweep(DueApprovals dueApprovals, int batchSize) {
    this.dueApprovals = dueApprovals;
    this.batchSize = batchSize;
  }

  /** Expires everything that is due and that no approver holds at the moment. */
  public Swept run() {
    Swept swept = Swept.nothing(DueApprovals.Key.FIRST);
    while (swept.more()) {
      swept = goOn(swept);
    }
    return swept;
  }

  /**
   * Expires the next batch; what the batches before it did stands, whatever becomes of this one.
   */
  Swept goOn(Swept soFar) {
    return soFar.plus(dueApprovals.expire(soFar.next(), batchSize));
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
