package dev.lapse.expiration;

import dev.lapse.loop.Loop;
import dev.lapse.loop.Looping;
import dev.lapse.pause.Pause;
import java.util.List;
import java.util.Optional;

/** The expiration of this instance, running beside those of all others. */
public final class Expiration implements Looping {

  private final Loop loop;
  private final ExpirationStep step;

  Expiration(ExpirationStep step) {
    this.step = step;
    this.loop = new Loop("expiration", step);
  }

  @Override
  public Loop loop() {
    return loop;
  }

  /** Whether it was the storm guard that paused it, and nobody has confirmed yet. */
  public boolean isStormGuardTripped() {
    return paused().filter(Pause::storm).isPresent();
  }

  /** Why it expires nothing, if it is paused. */
  public Optional<Pause> paused() {
    return step.paused();
  }

  /** The approvals that the database refuses to let expire; what was tried longest ago first. */
  public List<Refusal> refused() {
    return step.refused();
  }
}
