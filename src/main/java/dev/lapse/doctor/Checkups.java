package dev.lapse.doctor;

import dev.lapse.loop.Loop;
import dev.lapse.loop.Looping;
import java.time.Duration;
import java.util.List;

/**
 * Goes on checking, on every instance, what the start has checked: an index or a trigger that a
 * migration tool dropped, a privilege that was revoked, a constraint that was added.
 */
public final class Checkups implements Looping {

  private final Loop loop;
  private final CheckupStep step;

  /**
   * @param interval between two checkups
   */
  public Checkups(Checkup checkup, Duration interval) {
    this.step = new CheckupStep(checkup, interval);
    this.loop = new Loop("checkup", step);
  }

  @Override
  public Loop loop() {
    return loop;
  }

  /** What does not hold, by the last checkup; empty before the first. Callable from any thread. */
  public List<Diagnosis> failing() {
    return step.failing();
  }

  /** Whether there has been a checkup. Callable from any thread. */
  public boolean isKnown() {
    return step.isKnown();
  }
}
