package dev.lapse.operations.health;

import dev.lapse.deadline.LadderLoop;
import dev.lapse.expiration.Expiration;
import dev.lapse.loop.LoopStatus;
import dev.lapse.pause.Part;
import dev.lapse.pause.Pause;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.Status;

/** A loop's status as health: down while it fails, with what is wrong and what happens next. */
public final class LoopHealth {

  /**
   * It serves, and somebody should look: worse than UP, and no reason to take it out of service.
   */
  static final Status DEGRADED = new Status("DEGRADED");

  private LoopHealth() {}

  /**
   * The expiration's health: that of its loop, and degraded while approvals are refused, or it is
   * paused.
   */
  public static Health of(Expiration expiration) {
    LoopStatus loop = expiration.loopStatus();
    Health.Builder health = of(loop);
    if (loop instanceof LoopStatus.Running) {
      int refused = expiration.refused().size();
      if (refused > 0) {
        refused(health, refused);
      }
      expiration.paused().ifPresent(pause -> paused(health, pause, Part.EXPIRATION));
    }
    return health.build();
  }

  /** The ladder's health: that of its loop, and degraded while it is paused. */
  public static Health of(LadderLoop ladder) {
    LoopStatus loop = ladder.loopStatus();
    Health.Builder health = of(loop);
    if (loop instanceof LoopStatus.Running) {
      ladder.paused().ifPresent(pause -> paused(health, pause, Part.LADDER));
    }
    return health.build();
  }

  /** Without ids and reasons, which may quote a row: anybody may read this. The log has them. */
  private static void refused(Health.Builder health, int count) {
    health
        .status(DEGRADED)
        .withDetail("reason", "the database does not let some approvals expire; all others expire")
        .withDetail("refused", count)
        .withDetail(
            "action",
            "fix the reasons in the log (\"Cannot expire approval\"); Lapse retries automatically");
  }

  /** Degraded, with why, since when, and how it goes on. */
  static void paused(Health.Builder health, Pause pause, Part part) {
    health
        .status(DEGRADED)
        .withDetail("state", "paused")
        .withDetail("reason", pause.reason())
        .withDetail("since", pause.since())
        .withDetail("by", pause.by())
        .withDetail("action", "lapse resume " + part.word());
  }

  public static Health.Builder of(LoopStatus status) {
    if (status instanceof LoopStatus.BackingOff backingOff) {
      return Health.down()
          .withDetail("state", "backing off")
          .withDetail("reason", backingOff.reason())
          .withDetail("since", backingOff.since())
          .withDetail("attempts", backingOff.attempts())
          .withDetail("nextAttempt", backingOff.nextAttempt())
          .withDetail("action", "fix the reason; Lapse retries automatically, and nothing is lost");
    }
    if (status instanceof LoopStatus.Broken broken) {
      return Health.down()
          .withDetail("state", "ended")
          .withDetail("reason", broken.reason())
          .withDetail("action", "restart the process");
    }
    if (status instanceof LoopStatus.Stopped) {
      return Health.outOfService().withDetail("state", "stopped");
    }
    return Health.up().withDetail("state", "running");
  }
}
