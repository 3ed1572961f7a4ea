package dev.lapse.deadline;

import dev.lapse.approvals.ApprovalsTable;
import dev.lapse.deadline.MovableApprovals.Batch;
import dev.lapse.deadline.MovableApprovals.Window;
import dev.lapse.problem.Reasons;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Moves deadlines that run, in the order of the deadlines, on the thread that asks for it.
 *
 * <p>Guarantees: a move that is counted stands, whatever expires beside it; an approval whose
 * deadline has passed, or that is decided, stays as it is; one extension moves an approval once,
 * also if it is stopped and resumed. Waits for nobody: what another session holds is left out, and
 * counted.
 */
public final class Extension {

  private static final int BATCH = 1000;

  /** Tries again what others held, as approvers do for an instant. */
  private static final int PASSES = 3;

  private final MovableApprovals approvals;
  private final Extensions extensions;

  Extension(JdbcClient jdbc, ApprovalsTable table) {
    this.approvals = new MovableApprovals(jdbc, table);
    this.extensions = new Extensions(jdbc);
  }

  /** How many it would move now. */
  public Plan plan(ExtensionRequest request) {
    return approvals.plan(request, window(request));
  }

  private Window window(ExtensionRequest request) {
    return approvals.window(request);
  }

  /** The grant that this role needs to move deadlines; empty if it has it. */
  public Optional<String> missingPrivilege() {
    return approvals.missingPrivilege();
  }

  /** What has become of each id, one line each, for a person to read. */
  public List<String> states(List<String> ids) {
    return approvals.states(ids);
  }

  /**
   * Moves what {@link #plan} counted, and what has come to it since.
   *
   * @param stop ends it after the batch in hand, when it counts down
   * @param progress gets the number of those moved so far, after each batch
   * @throws IllegalArgumentException if these are more approvals than {@link ExtensionRequest#max}
   */
  public Outcome run(ExtensionRequest request, CountDownLatch stop, LongConsumer progress) {
    Window window = window(request);
    long planned = approvals.plan(request, window).approvals();
    if (planned > request.max()) {
      throw new IllegalArgumentException(
          "%d approvals are selected, more than %d. Nothing was moved: pass a higher --max"
              .formatted(planned, request.max()));
    }
    UUID id = UUID.randomUUID();
    extensions.begin(id, request, window);
    return run(id, request, window, 0, stop, progress);
  }

  /**
   * Goes on with one that was stopped or failed: the same window, and each approval once.
   *
   * @throws IllegalArgumentException if there is none, or none that may go on
   */
  public Outcome resume(UUID id, CountDownLatch stop, LongConsumer progress) {
    Extensions.Begun begun = extensions.find(id);
    return run(id, begun.request(), begun.window(), begun.moved(), stop, progress);
  }

  private Outcome run(
      UUID id,
      ExtensionRequest request,
      Window window,
      long before,
      CountDownLatch stop,
      LongConsumer progress) {
    Run run = new Run(id, request, window, before, stop, progress);
    try {
      run.all();
    } catch (DataAccessException e) {
      extensions.end(id, "failed");
      throw e;
    }
    extensions.end(id, run.stopped ? "stopped" : "done");
    long left = run.stopped ? 0 : approvals.plan(request, window, id).approvals();
    return new Outcome(id, run.moved, left, run.refused, run.stopped);
  }

  private final class Run {

    private final UUID id;
    private final ExtensionRequest request;
    private final Window window;
    private final CountDownLatch stop;
    private final LongConsumer progress;
    private final List<String> refused = new ArrayList<>();
    private long moved;
    private boolean stopped;

    Run(
        UUID id,
        ExtensionRequest request,
        Window window,
        long before,
        CountDownLatch stop,
        LongConsumer progress) {
      this.id = id;
      this.request = request;
      this.window = window;
      this.moved = before;
      this.stop = stop;
      this.progress = progress;
    }

    void all() {
      long before;
      int pass = 0;
      do {
        before = moved;
        pass();
        pass++;
      } while (!stopped && pass < PASSES && moved > before);
    }

    private void pass() {
      MovableApprovals.Key after = approvals.first();
      while (after != null && !stopped) {
        stopped = stop.getCount() == 0;
        if (!stopped && moved < request.max()) {
          after = batch(after, (int) Math.min(BATCH, request.max() - moved));
          progress.accept(moved);
        } else {
          after = null;
        }
      }
    }

    private MovableApprovals.@Nullable Key batch(MovableApprovals.Key after, int limit) {
      try {
        return count(approvals.move(id, request, window, after, limit));
      } catch (DataAccessException e) {
        if (!MovableApprovals.isRefusal(e)) {
          throw e;
        }
        return oneByOne(after, limit);
      }
    }

    /** One of them is refused, and the others are not to wait for it. */
    private MovableApprovals.@Nullable Key oneByOne(MovableApprovals.Key after, int limit) {
      MovableApprovals.Key key = after;
      for (int i = 0; i < limit && key != null; i++) {
        MovableApprovals.Key next = approvals.next(id, request, window, key);
        if (next == null) {
          return null;
        }
        try {
          count(approvals.moveOne(id, request, window, next.id()));
        } catch (DataAccessException e) {
          if (!MovableApprovals.isRefusal(e)) {
            throw e;
          }
          String line = next.id() + ": " + Reasons.of(e);
          if (!refused.contains(line)) {
            refused.add(line);
          }
        }
        key = next;
      }
      return key;
    }

    private MovableApprovals.@Nullable Key count(Batch batch) {
      moved += batch.moved();
      return batch.next();
    }
  }

  /**
   * @param approvals that would move
   * @param first the earliest of their deadlines, as text; null of none
   * @param last the latest
   */
  public record Plan(long approvals, @Nullable String first, @Nullable String last) {}

  /**
   * @param id of the row in {@code extension}
   * @param moved deadlines, over all runs
   * @param left approvals that are selected and not moved: held by other sessions, or refused
   * @param refused what the database did not let move, one line each
   * @param stopped whether it was stopped before the end
   */
  public record Outcome(UUID id, long moved, long left, List<String> refused, boolean stopped) {}
}
