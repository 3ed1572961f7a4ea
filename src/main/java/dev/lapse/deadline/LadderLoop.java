package dev.lapse.deadline;

import dev.lapse.loop.Loop;
import dev.lapse.loop.Looping;
import dev.lapse.pause.Pause;
import java.util.Optional;

/** The ladder of this instance, running beside those of all others. */
public final class LadderLoop implements Looping {

  private final Loop loop;
  private final LadderStep step;

  LadderLoop(LadderStep step) {
    this.step = step;
    this.loop = new Loop("ladder", step);
  }

  @Override
  public Loop loop() {
    return loop;
  }

  /** Why it announces nothing, if it is paused. */
  public Optional<Pause> paused() {
    return step.paused();
  }
}
