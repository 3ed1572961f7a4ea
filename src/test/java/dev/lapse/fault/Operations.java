package dev.lapse.fault;

import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What clients did to approvals and what they were told, in the order of doing.
 *
 * <p>A client invokes an operation inside its transaction, while it holds the approval's row lock,
 * so that operations that led somewhere are in the order of their commits; and it answers the
 * operation once it was told. Who dies in between leaves it unknown, which is the truth. Safe for
 * use by any number of threads; entries are only ever appended.
 */
public final class Operations {

  /** What was done, the events that tell of it, and the status it leads to. */
  public enum Kind {
    CREATED("ApprovalCreated", "ApprovalRequested", "pending"),
    APPROVED("ApprovalApproved", "ApprovalDecided", "approved"),
    REJECTED("ApprovalRejected", "ApprovalDecided", "rejected"),
    CANCELLED("ApprovalCancelled", "ApprovalDecided", "cancelled"),
    EXTENDED("ApprovalExtended", "ApprovalRescheduled", "pending"),
    EXECUTED("ApprovalExecuted", null, "executed"),
    /** Nothing but an answer, and that it was expired then: to who wanted to decide too late. */
    TOLD_TOO_LATE("ApprovalExpired", null, "expired");

    private final String eventType;
    private final @Nullable String notice;
    private final String status;

    Kind(String eventType, @Nullable String notice, String status) {
      this.eventType = eventType;
      this.notice = notice;
      this.status = status;
    }

    /** By which the client reports it. */
    public String eventType() {
      return eventType;
    }

    /** By which a trigger tells of it; null if none does. */
    @Nullable String notice() {
      return notice;
    }

    public String status() {
      return status;
    }

    /** Whether the approval is no longer open after it, and so must not expire. */
    public boolean decides() {
      return !status.equals("pending") && this != TOLD_TOO_LATE;
    }
  }

  public enum Outcome {
    /** The commit returned. */
    OK,
    /** It did not happen: no row matched, or the transaction ended before its commit was sent. */
    FAILED,
    /** The commit was sent and its answer never came. */
    UNKNOWN
  }

  /**
   * @param number its place in the order of invocations
   * @param version the one it led to, 0 if it changed no row
   * @param deadline the approval's after it, null if it left it alone
   */
  public record Operation(
      long number,
      UUID approval,
      Kind kind,
      int version,
      @Nullable Instant deadline,
      Outcome outcome) {

    Operation with(Outcome outcome) {
      return new Operation(number, approval, kind, version, deadline, outcome);
    }
  }

  private final List<Operation> entries = new ArrayList<>();
  private long number;

  /** To be called before the commit is sent; unknown until it is answered. */
  public synchronized Operation invoke(
      UUID approval, Kind kind, int version, @Nullable Instant deadline) {
    Operation invoked = new Operation(++number, approval, kind, version, deadline, Outcome.UNKNOWN);
    entries.add(invoked);
    return invoked;
  }

  public synchronized void answer(Operation invoked, Outcome outcome) {
    entries.add(invoked.with(outcome));
  }

  /** Records that no row matched, or that it did not come to that. */
  public void failed(UUID approval, Kind kind) {
    answer(invoke(approval, kind, 0, null), Outcome.FAILED);
  }

  /** How many invocations and answers are recorded. */
  synchronized int entries() {
    return entries.size();
  }

  /**
   * Every operation once, with its outcome, in the order of invocations.
   *
   * @throws IllegalStateException if one was answered in two ways: then the recording is wrong
   */
  public synchronized List<Operation> all() {
    Map<Long, Operation> latest = new LinkedHashMap<>();
    for (Operation entry : entries) {
      Operation before = latest.put(entry.number(), entry);
      if (before != null
          && before.outcome() != Outcome.UNKNOWN
          && before.outcome() != entry.outcome()) {
        throw new IllegalStateException(before + " was answered again: " + entry.outcome());
      }
    }
    return List.copyOf(latest.values());
  }

  public long count(Outcome outcome) {
    return all().stream().filter(operation -> operation.outcome() == outcome).count();
  }

  @Override
  public String toString() {
    return "ok=%d failed=%d unknown=%d"
        .formatted(count(Outcome.OK), count(Outcome.FAILED), count(Outcome.UNKNOWN));
  }
}
