package dev.lapse.operations.health;

import dev.lapse.status.Watch;
import org.springframework.boot.health.contributor.Health;

/** The watch's health: that of its loop, and what it has seen that somebody should look at. */
public final class WatchHealth {

  private WatchHealth() {}

  public static Health of(Watch watch) {
    Health.Builder health = LoopHealth.of(watch.loopStatus());
    watch
        .longTransaction()
        .ifPresent(
            oldest ->
                health
                    .withDetail("longTransaction", oldest)
                    .withDetail("reason", "a long transaction holds back vacuum")
                    .withDetail(
                        "action",
                        "check whether it is stuck; if so, SELECT pg_terminate_backend(pid)"));
    return health.build();
  }
}
