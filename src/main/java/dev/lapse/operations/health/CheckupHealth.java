package dev.lapse.operations.health;

import dev.lapse.doctor.Checkups;
import dev.lapse.doctor.Diagnosis;
import java.util.List;
import java.util.Set;
import org.springframework.boot.health.contributor.Health;

/**
 * The health of the database as approvals and events need it: down while approvals may not expire,
 * degraded while a protection is missing.
 */
public final class CheckupHealth {

  /** Without these approvals expire on time all the same. */
  private static final Set<String> PROTECTIONS = Set.of("guard", "clock", "settings", "opt-in");

  private CheckupHealth() {}

  /** Without what was seen, which may quote a row: anybody may read this. The log has it. */
  public static Health of(Checkups checkups) {
    Health.Builder health = LoopHealth.of(checkups.loopStatus());
    if (!checkups.isKnown()) {
      return health.build();
    }
    List<String> failing = checkups.failing().stream().map(Diagnosis::name).distinct().toList();
    if (!failing.isEmpty()) {
      if (PROTECTIONS.containsAll(failing)) {
        health.status(LoopHealth.DEGRADED);
      } else {
        health.down();
      }
      health
          .withDetail("reason", "checks of the database fail; the log and lapse doctor say more")
          .withDetail("failing", failing)
          .withDetail("action", "run lapse doctor and do what it says; then it is well by itself");
    }
    return health.build();
  }
}
