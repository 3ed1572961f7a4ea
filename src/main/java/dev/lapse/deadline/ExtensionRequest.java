package dev.lapse.deadline;

import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which deadlines to move, and where to. Either ids or a window; either {@code by} or {@code to}.
 *
 * @param ids of approvals; empty for a window
 * @param dueWithin the window: deadlines from now to that far ahead
 * @param overdue whether also those that have passed, which works only while expiring is paused
 * @param where values that columns of the table must have, by name
 * @param by how far: from the deadline, or from now where that has passed
 * @param to the new deadline
 * @param reason for the record
 * @param max most approvals that may move
 * @param requestedAs whom the host knows
 */
public record ExtensionRequest(
    List<String> ids,
    @Nullable Duration dueWithin,
    boolean overdue,
    Map<String, String> where,
    @Nullable Duration by,
    @Nullable OffsetDateTime to,
    String reason,
    long max,
    String requestedAs) {

  public static final long DEFAULT_MAX = 10_000;

  private static final int MOST_IDS = 1000;
  private static final int MOST_CONDITIONS = 5;
  private static final Duration LONGEST = Duration.ofDays(3660);

  /**
   * @throws IllegalArgumentException saying what is wrong with it
   */
  public ExtensionRequest {
    ids = List.copyOf(ids);
    where = Map.copyOf(where);
    require(
        ids.isEmpty() == (dueWithin != null || overdue),
        "Specify which approvals: ids, or --due-within, or --overdue");
    require(ids.size() <= MOST_IDS, "Too many ids: %d at most".formatted(MOST_IDS));
    require(
        ids.isEmpty() || where.isEmpty(),
        "--where goes with --due-within or --overdue, not with ids");
    require(
        where.size() <= MOST_CONDITIONS, "Too many --where: %d at most".formatted(MOST_CONDITIONS));
    require((by == null) != (to == null), "Specify the new deadline: either --by or --to");
    require(by == null || isPositive(by), "--by must be more than 0 and at most 3660 days");
    require(
        dueWithin == null || isPositive(dueWithin),
        "--due-within must be more than 0 and at most 3660 days");
    require(
        !reason.isBlank() && reason.length() <= 1000,
        "The reason is for the record: use 1 to 1000 characters");
    require(max >= 1, "--max is %d: use 1 or more".formatted(max));
  }

  private static boolean isPositive(Duration duration) {
    return !duration.isNegative() && !duration.isZero() && duration.compareTo(LONGEST) <= 0;
  }

  private static void require(boolean condition, String message) {
    if (!condition) {
      throw new IllegalArgumentException(message);
    }
  }
}
