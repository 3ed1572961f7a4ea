package dev.lapse.expiration;

import java.time.Duration;
import java.util.List;
import java.util.function.BooleanSupplier;

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
    return run(DueApprovals.Key.FIRST, () -> true);
  }

  /**
   * Expires what is due from a key on.
   *
   * @param goOn asked between batches; a sweep that is told to stop has done what it has done
   */
  Swept run(DueApprovals.Key from, BooleanSupplier goOn) {
    Swept swept = new Swept(0, Duration.ZERO, from);
    DueApprovals.Batch batch;
    do {
      batch = dueApprovals.expire(swept.last(), batchSize);
      swept = swept.plus(batch);
    } while (batch.due() == batchSize && goOn.getAsBoolean());
    return swept;
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
