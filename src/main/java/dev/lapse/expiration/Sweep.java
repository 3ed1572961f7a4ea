package dev.lapse.expiration;

import dev.lapse.pause.Pause;
import dev.lapse.problem.Reasons;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DataAccessException;

/**
 * Expires what is due, batch by batch, until nothing is due any more.
 *
 * <p>A batch fails as a whole if the database refuses one of its approvals. It is then halved until
 * that one is left, which is tried by its id: so it is known for certain, though others lock and
 * decide meanwhile. From then on batches pass over it, and now and then it is tried again by
 * itself. Nothing else is passed over: a sweep goes on from the same place. A batch that is
 * cancelled for its time-out is halved as well.
 */
public final class Sweep {

  private final DueApprovals dueApprovals;
  private final StormGuard stormGuard;
  private final Refusals refusals;
  private final int batchSize;
  private final BatchPace pace;

  Sweep(DueApprovals dueApprovals, StormGuard stormGuard, Refusals refusals, int batchSize) {
    this.dueApprovals = dueApprovals;
    this.stormGuard = stormGuard;
    this.refusals = refusals;
    this.batchSize = batchSize;
    this.pace = new BatchPace(batchSize);
  }

  /**
   * Expires everything that is due, that no approver holds at the moment and that the database does
   * not refuse, unless expiring is paused.
   *
   * @throws IllegalStateException if it refuses more than can be a matter of their rows
   */
  public Swept run() {
    Swept swept = Swept.nothing(dueApprovals.first());
    while (swept.more()) {
      swept = goOn(swept);
    }
    return swept;
  }

  /**
   * Expires the next batch, or looks for what is refused in it; what the batches before it did
   * stands, whatever becomes of this one.
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
        .permit(soFar.next(), refusals.list().size())
        .map(approvals -> expire(soFar.permit(approvals), traceparent))
        .orElseGet(soFar::pause);
  }

  private Swept expire(Swept soFar, @Nullable String traceparent) {
    int limit = batchSize >> soFar.narrowed();
    return refusals
        .again()
        .or(() -> limit > 0 ? Optional.empty() : dueApprovals.next(soFar.next(), refusals.ids()))
        .map(id -> expireOne(soFar, id, traceparent))
        .orElseGet(
            () -> expireBatch(soFar, Math.max(1, Math.min(limit, pace.limit())), traceparent));
  }

  private Swept expireBatch(Swept soFar, int limit, @Nullable String traceparent) {
    long begin = System.nanoTime();
    DueApprovals.Batch batch;
    try {
      batch = dueApprovals.expire(soFar.next(), limit, refusals.ids(), traceparent);
    } catch (DataAccessException e) {
      if (!BatchPace.isOutOfTime(e)) {
        throw e;
      }
      pace.cancelled(limit, System.nanoTime() - begin, Reasons.of(e));
      if (limit == 1) {
        throw e; // it is not the size
      }
      return soFar;
    }
    pace.done(System.nanoTime() - begin);
    if (batch.refusal() == null) {
      return soFar.plus(batch);
    }
    refusals.checkRoom(batch.refusal());
    return soFar.narrow();
  }

  private Swept expireOne(Swept soFar, String id, @Nullable String traceparent) {
    DueApprovals.Batch one = dueApprovals.expireOne(id, soFar.next(), traceparent);
    if (one.refusal() == null) {
      refusals.remove(id); // if it is merely held, a batch meets it again
      return soFar.plus(one);
    }
    Refusal refusal = new Refusal(id, one.refusal());
    return refusals.add(refusal) ? soFar.plus(refusal) : soFar;
  }

  /** Approvals that the last try did not let expire; callable from any thread. */
  public List<Refusal> refused() {
    return refusals.list();
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
