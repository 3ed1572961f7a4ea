package dev.lapse.console;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The life of one approval, and why it expired or has not expired yet.
 *
 * @param id as it was asked for
 * @param cause what {@code why} is about
 * @param why one sentence for a person
 * @param action what to do about it; null if nothing
 * @param status what the table says; null if there is no such approval
 * @param deadline null if there is none that can pass
 * @param timeline the earliest first
 * @param note what could not be found out; null if everything was
 */
public record Explanation(
    String id,
    Cause cause,
    String why,
    @Nullable String action,
    @Nullable String status,
    @Nullable Instant deadline,
    List<Moment> timeline,
    @Nullable String note) {

  /** What decides whether the approval expires. */
  public enum Cause {
    ABSENT,
    EXPIRED,
    NOT_PENDING,
    EXCLUDED,
    NO_DEADLINE,
    NOT_DUE,
    REFUSED_LATER,
    UNUSABLE_ID,
    PAUSED,
    MASS_EXPIRY_PROTECTION,
    HELD,
    REFUSED,
    NOT_TRIED,
    DISABLED,
    OVERDUE
  }

  /**
   * One step of a life.
   *
   * @param at when, by the database's clock; null if nobody knows
   * @param what asked, moved, deadline, step, expired, decided, late; record, reminded, escalated
   *     or rescheduled, each with published, waiting or blocked; replayed
   * @param text a sentence
   * @param record the outbox id of the event that it is about, or of what blocks it; null if none
   */
  public record Moment(@Nullable Instant at, String what, String text, @Nullable Long record) {

    Moment(@Nullable Instant at, String what, String text) {
      this(at, what, text, null);
    }
  }
}
