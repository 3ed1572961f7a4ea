package dev.lapse.decision;

import dev.lapse.approvals.OptIn;
import java.time.Duration;

/** The opt-ins of this package, as the settings make them. */
public final class OptIns {

  private static final DecisionConfiguration BEANS = new DecisionConfiguration();

  private static final DecisionSettings ON = new DecisionSettings(true, Duration.ofDays(90));

  private OptIns() {}

  /** {@code decide_approval}, and a record of each expiry. */
  public static OptIn decide() {
    return BEANS.decide(ON, new EventSettings(false, false));
  }

  /** All that there is. */
  public static OptIn[] all() {
    EventSettings events = new EventSettings(true, true);
    return new OptIn[] {BEANS.decide(ON, events), BEANS.decided(events), BEANS.requested(events)};
  }
}
