package dev.lapse.operations.health;

import dev.lapse.loop.LoopStatus;
import dev.lapse.outbox.Feeds;
import dev.lapse.pause.Part;
import dev.lapse.pause.Pause;
import dev.lapse.relay.RelayStatus;
import org.springframework.boot.health.contributor.Health;

/**
 * The relay's health: that of its loop, and degraded while keys wait behind dead letters, or it is
 * paused.
 */
public final class RelayHealth {

  private RelayHealth() {}

  public static Health of(LoopStatus loop, RelayStatus relay) {
    Health.Builder health =
        LoopHealth.of(loop)
            .withDetail("leading", relay.leading())
            .withDetail("publishedId", relay.publishedId())
            .withDetail("deadLetters", relay.deadLetters());
    if (loop instanceof LoopStatus.Running && relay.deadLetters() > 0) {
      health
          .status(LoopHealth.DEGRADED)
          .withDetail(
              "reason",
              "some events cannot be published; their keys are blocked, all others are published")
          .withDetail(
              "action", "lapse dead-letters list; fix the cause; lapse dead-letters requeue --all");
    }
    String hidden = relay.hiddenLetters();
    if (loop instanceof LoopStatus.Running && hidden != null) {
      health
          .status(LoopHealth.DEGRADED)
          .withDetail("reason", "the table dead_letter cannot be read or written: " + hidden)
          .withDetail("action", "fix the reason; Lapse retries, and publishing continues");
    }
    if (relay.takingOver() != null) {
      health.withDetail("takingOver", relay.takingOver());
    }
    String feed = relay.feed();
    if (loop instanceof LoopStatus.Running && feed != null) {
      health
          .status(LoopHealth.DEGRADED)
          .withDetail("reason", "a logical subscription feeds the outbox, so nothing is published")
          .withDetail("subscription", feed)
          .withDetail(
              "action",
              "once nobody writes to the other database any more, drop the subscription: "
                  + Feeds.end(feed));
    }
    Pause paused = relay.paused();
    if (loop instanceof LoopStatus.Running && paused != null) {
      LoopHealth.paused(health, paused, Part.RELAY);
    }
    return health.build();
  }
}
