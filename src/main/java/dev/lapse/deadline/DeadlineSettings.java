package dev.lapse.deadline;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What happens to a deadline before it passes. Nothing, by default.
 *
 * @param ladder up to 10 steps that each pending approval comes to before its deadline, such as
 *     {@code 50%:escalate,24h:remind,1h:remind}. A step is a time before the deadline, or a share
 *     of the time from {@code lapse.approvals.columns.created-at} to it. {@code remind} publishes
 *     {@code ApprovalExpiring}, {@code escalate} publishes {@code ApprovalEscalated}; default none
 * @param deadlines moves of a deadline
 */
@ConfigurationProperties("lapse")
public record DeadlineSettings(
    @DefaultValue List<String> ladder, @DefaultValue Deadlines deadlines) {

  private static final Duration SHORTEST = Duration.ofSeconds(1);
  private static final Duration LONGEST = Duration.ofDays(3660);

  /**
   * @param moves whether each move of a deadline is recorded in {@code deadline_move} and published
   *     as {@code ApprovalRescheduled}; default false
   * @param maxMoves how often the deadline of one approval may move, 1 to 1,000; needs {@code
   *     moves}; default unlimited
   * @param maxLifetime how long after {@code lapse.approvals.columns.created-at} a deadline may
   *     move to, 1 s to 3660 d; needs {@code moves}; default unlimited
   */
  public record Deadlines(
      @DefaultValue("false") boolean moves,
      @Nullable Integer maxMoves,
      @Nullable Duration maxLifetime) {

    public Deadlines {
      if (maxMoves != null && (maxMoves < 1 || maxMoves > 1000)) {
        throw new IllegalArgumentException(
            "lapse.deadlines.max-moves is %d: set it between 1 and 1000, or leave it out"
                .formatted(maxMoves));
      }
      if (maxLifetime != null
          && (maxLifetime.compareTo(SHORTEST) < 0 || maxLifetime.compareTo(LONGEST) > 0)) {
        throw new IllegalArgumentException(
            "lapse.deadlines.max-lifetime is %s: set it between 1s and 3660d, or leave it out"
                .formatted(maxLifetime));
      }
      if (!moves && (maxMoves != null || maxLifetime != null)) {
        throw new IllegalArgumentException(
            "lapse.deadlines.max-moves and ….max-lifetime need lapse.deadlines.moves=true, which"
                + " counts the moves");
      }
    }
  }

  public DeadlineSettings {
    ladder = List.copyOf(ladder);
    Ladder.of(ladder); // says what is wrong with it
  }
}
