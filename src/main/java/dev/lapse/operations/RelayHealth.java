package dev.lapse.operations;

import dev.lapse.loop.LoopStatus;
import dev.lapse.relay.RelayStatus;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.Status;

/** The relay's health: that of its loop, and degraded while keys wait behind dead letters. */
final class RelayHealth {

  /**
   * It serves, and somebody should look: worse than UP, and no reason to take it out of service.
   */
  static final Status DEGRADED = new Status("DEGRADED");

  private RelayHealth() {}

  static Health of(LoopStatus loop, RelayStatus relay) {
    Health.Builder health =
        LoopHealth.of(loop)
            .withDetail("leading", relay.leading())
            .withDetail("publishedId", relay.publishedId())
            .withDetail("deadLetters", relay.deadLetters());
    if (loop instanceof LoopStatus.Running && relay.deadLetters() > 0) {
      health
          .status(DEGRADED)
          .withDetail("reason", "Kafka refuses events; their keys wait, all others flow")
          .withDetail(
              "action", "lapse dead-letters list, mend the cause, lapse dead-letters requeue");
    }
    return health.build();
  }
}
