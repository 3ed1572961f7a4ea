package dev.lapse.operations;

import dev.lapse.expiration.Expiration;
import dev.lapse.expiration.Refusal;
import dev.lapse.loop.LoopStatus;
import dev.lapse.pause.Part;
import dev.lapse.pause.Pause;
import java.util.List;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.Status;

/** A loop's status as health: down while it fails, with what is wrong and what happens next. */
final class LoopHealth {

  /**
   * It serves, and somebody should look: worse than UP, and no reason to take it out of service.
   */
  static final Status DEGRADED = new Status("DEGRADED");

  /** Refused approvals that are named; the log has all. */
  private static final int NAMED = 5;

  private LoopHealth() {}

  /**
   * The expiration's health: that of its loop, and degraded while approvals are refused, or it is
   * paused.
   */
  static Health of(Expiration expiration) {
    LoopStatus loop = expiration.loopStatus();
    Health.Builder health = of(loop);
    if (loop instanceof LoopStatus.Running) {
      List<Refusal> refused = expiration.refused();
      if (!refused.isEmpty()) {
        refused(health, refused);
      }
      expiration.paused().ifPresent(pause -> paused(health, pause, Part.EXPIRATION));
    }
    return health.build();
  }

  private static void refused(Health.Builder health, List<Refusal> refused) {
    health
        .status(DEGRADED)
        .withDetail("reason", "the database refuses to let approvals expire; all others do")
        .withDetail("refused", refused.size())
        .withDetail("among", refused.stream().limit(NAMED).toList())
        .withDetail("action", "mend their reasons; they are tried again by themselves");
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

  static Health.Builder of(LoopStatus status) {
    if (status instanceof LoopStatus.BackingOff backingOff) {
      return Health.down()
          .withDetail("state", "backing off")
          .withDetail("reason", backingOff.reason())
          .withDetail("since", backingOff.since())
          .withDetail("attempts", backingOff.attempts())
          .withDetail("nextAttempt", backingOff.nextAttempt())
          .withDetail("action", "mend the reason; it goes on by itself, and nothing is lost");
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
