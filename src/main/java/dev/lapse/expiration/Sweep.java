package dev.lapse.expiration;

import dev.lapse.pause.Pause;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

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
    return goOn(soFar, null);
  }

  /**
   * The same, as a part of a trace.
   *
   * @param traceparent of the sweep; null for none
   */
  Swept goOn(Swept soFar, @Nullable String traceparent) {
    if (!soFar.needsPermit()) {
      return expire(soFar, traceparent);
    }
    return stormGuard
        .permit(soFar.next())
        .map(approvals -> expire(soFar.permit(approvals), traceparent))
        .orElseGet(soFar::pause);
  }

  private Swept expire(Swept soFar, @Nullable String traceparent) {
    return soFar.plus(dueApprovals.expire(soFar.next(), batchSize, traceparent));
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
