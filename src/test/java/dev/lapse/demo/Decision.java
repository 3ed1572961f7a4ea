package dev.lapse.demo;

import java.time.Duration;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What an approver attempted and what the database answered.
 *
 * @param beforeDeadline from sending the statement to the deadline; negative if it was sent later
 * @param detail what an answer that nobody expected said
 */
record Decision(
    UUID approval, Kind kind, Duration beforeDeadline, Answer answer, @Nullable String detail) {

  /** Close enough to the deadline to be called a race. */
  private static final Duration RACE = Duration.ofMillis(50);

  /** The ways people decide. Only the first is the one that Lapse recommends. */
  enum Kind {
    /** By decide_approval, which answers a call that comes too late, and records it. */
    APPROVE("approved", ""),
    /** An old habit: no look at the deadline. */
    APPROVE_WITHOUT_DEADLINE("approved", "AND status = 'pending'"),
    /** An older one: reads the status first, and then trusts what it has read. */
    APPROVE_BLINDLY("approved", ""),
    CANCEL("cancelled", "AND status = 'pending' AND expires_at > clock_timestamp()"),
    EXTEND(null, "AND status = 'pending' AND expires_at > clock_timestamp()");

    private final @Nullable String status;
    private final String condition;

    Kind(@Nullable String status, String condition) {
      this.status = status;
      this.condition = condition;
    }

    /** What it makes of the approval; null if it leaves it pending. */
    @Nullable String status() {
      return status;
    }

    /** One that says what came of it, or one that says so by the number of rows it changed. */
    String sql() {
      if (this == APPROVE) {
        return "SELECT outcome FROM decide_approval(:id::text, 'approved', 'somebody')";
      }
      String change =
          status == null
              ? "expires_at = clock_timestamp() + interval '2 seconds'"
              : "status = '" + status + "', decided_by = 'somebody'";
      return "UPDATE ai_approvals SET version = version + 1, %s WHERE id = :id %s"
          .formatted(change, condition);
    }
  }

  enum Answer {
    /** One row: done. */
    CONFIRMED,
    /** No row, or so answered: too late. */
    TOO_LATE,
    /** The trigger in the database refused it. */
    REFUSED,
    /** Anything else, which should not happen. */
    FAILED
  }

  boolean isDecision() {
    return kind.status() != null;
  }

  boolean isRace() {
    return isDecision() && beforeDeadline.abs().compareTo(RACE) <= 0;
  }

  boolean isInTime() {
    return !beforeDeadline.isNegative();
  }

  boolean is(Answer wanted) {
    return answer == wanted;
  }
}
