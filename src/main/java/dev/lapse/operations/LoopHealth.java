package dev.lapse.operations;

import dev.lapse.loop.LoopStatus;
import org.springframework.boot.health.contributor.Health;

/** A loop's status as health: down while it fails, with what is wrong and what happens next. */
final class LoopHealth {

  private LoopHealth() {}

  static Health.Builder of(LoopStatus status) {
    if (status instanceof LoopStatus.BackingOff backingOff) {
      return Health.down()
          .withDetail("state", "backing off")
          .withDetail("reason", backingOff.reason())
          .withDetail("since", backingOff.since())
          .withDetail("attempts", backingOff.attempts())
          .withDetail("nextAttempt", backingOff.nextAttempt());
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
