package dev.lapse.expiration;

import dev.lapse.pause.Pause;
import dev.lapse.problem.Reasons;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
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
 *
 * <p>Where the failure does not tell whether it is about that approval or about all, it is a
 * {@linkplain Suspects suspect} until another expires.
 */
public final class Sweep {

  /** Where to look for one that expires, behind so many that may fail. */
  private static final int[] ELSEWHERE = {8, 64, 512};

  private final DueApprovals dueApprovals;
  private final StormGuard stormGuard;
  private final Refusals refusals;
  private final int batchSize;
  private final BatchPace pace;
  private final Suspects suspects = new Suspects();

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
    Swept swept = permitted(soFar, traceparent);
    if (swept.expired() > soFar.expired()) {
      for (Refusal suspect : suspects.convict()) {
        swept = refusals.add(suspect) ? swept.plus(suspect) : swept;
      }
    } else if (!swept.more() && !suspects.isEmpty()) {
      DataAccessException failure = suspects.acquit();
      if (!swept.paused()) {
        throw failure;
      }
    }
    return swept;
  }

  private Swept permitted(Swept soFar, @Nullable String traceparent) {
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
        .or(() -> limit > 0 ? Optional.empty() : dueApprovals.next(soFar.next(), passedOver()))
        .map(id -> expireOne(soFar, id, traceparent))
        .orElseGet(
            () -> expireBatch(soFar, Math.max(1, Math.min(limit, pace.limit())), traceparent));
  }

  private Swept expireBatch(Swept soFar, int limit, @Nullable String traceparent) {
    long begin = System.nanoTime();
    boolean noneIsLeft = batchSize >> soFar.narrowed() == 0; // that could be to blame
    DueApprovals.Batch batch;
    try {
      batch = dueApprovals.expire(soFar.next(), limit, passedOver(), traceparent);
    } catch (DataAccessException e) {
      if (noneIsLeft || !Refusal.isDoubtful(e)) {
        throw e;
      }
      if (!BatchPace.isOutOfTime(e)) {
        return soFar.narrow();
      }
      pace.cancelled(limit, System.nanoTime() - begin, Reasons.of(e));
      return limit == 1 ? soFar.narrowToOne() : soFar; // then it is not the size
    }
    pace.done(System.nanoTime() - begin);
    if (batch.refusal() == null) {
      return soFar.plus(batch);
    }
    if (noneIsLeft) {
      throw new IllegalStateException("no approval is due, and yet: " + batch.refusal());
    }
    refusals.checkRoom(batch.refusal());
    return soFar.narrow();
  }

  private Swept expireOne(Swept soFar, String id, @Nullable String traceparent) {
    DueApprovals.Batch one;
    try {
      one = dueApprovals.expireOne(id, soFar.next(), traceparent);
    } catch (DataAccessException e) {
      if (!Refusal.isDoubtful(e)) {
        throw e;
      }
      return suspect(soFar, new Refusal(id, Reasons.of(e.getMostSpecificCause())), e, traceparent);
    }
    if (one.refusal() == null) {
      refusals.remove(id); // if it is merely held, a batch meets it again
      return soFar.plus(one);
    }
    Refusal refusal = new Refusal(id, one.refusal());
    return refusals.add(refusal) ? soFar.plus(refusal) : soFar;
  }

  private Swept suspect(
      Swept soFar, Refusal suspect, DataAccessException failure, @Nullable String traceparent) {
    if (refusals.contains(suspect.id())) {
      var unused = refusals.add(suspect);
      return soFar;
    }
    refusals.checkRoom(suspect.reason());
    suspects.add(suspect, failure);
    return suspects.areMany() ? tryElsewhere(soFar, traceparent) : soFar;
  }

  /**
   * Expires one that is due, wherever it is.
   *
   * @throws DataAccessException if those that were tried fail as the suspects did
   */
  private Swept tryElsewhere(Swept soFar, @Nullable String traceparent) {
    List<String> ids = new ArrayList<>();
    for (int skip : ELSEWHERE) {
      dueApprovals.next(soFar.next(), passedOver(), skip).ifPresent(ids::add);
    }
    dueApprovals.last(soFar.next(), passedOver()).ifPresent(ids::add);
    for (String id : ids) {
      try {
        DueApprovals.Batch one = dueApprovals.expireOne(id, soFar.next(), traceparent);
        if (one.expired() > 0) {
          return soFar.plus(one);
        }
      } catch (DataAccessException e) {
        if (!Refusal.isDoubtful(e)) {
          throw e;
        }
      }
    }
    throw suspects.acquit();
  }

  private String[] passedOver() {
    return Stream.concat(Arrays.stream(refusals.ids()), suspects.ids().stream())
        .toArray(String[]::new);
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
