package dev.lapse.operations.health;

import dev.lapse.loop.LoopStatus;
import dev.lapse.loop.Looping;
import java.util.List;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;

/**
 * Whether the loops turn. Down only when one has ended, which a restart mends; an outage it would
 * not, so a loop that fails and tries again is alive.
 */
public final class Liveness implements HealthIndicator {

  private final List<Looping> loops;

  public Liveness(List<Looping> loops) {
    this.loops = List.copyOf(loops);
  }

  @Override
  public Health health() {
    Health.Builder health = Health.up();
    for (Looping looping : loops) {
      LoopStatus status = looping.loopStatus();
      String name = looping.loop().name();
      if (status instanceof LoopStatus.Broken broken) {
        health
            .down()
            .withDetail(name, "ended: " + broken.reason())
            .withDetail("action", "restart the process");
      } else {
        health.withDetail(name, status instanceof LoopStatus.Stopped ? "stopped" : "running");
      }
    }
    return health.build();
  }
}
