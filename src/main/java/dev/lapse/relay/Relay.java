package dev.lapse.relay;

import dev.lapse.loop.Loop;
import dev.lapse.loop.Looping;

/** The relay of this instance, running beside those of all others of its name. */
public final class Relay implements Looping {

  private final Loop loop;
  private final RelayStep step;

  Relay(RelayStep step) {
    this.step = step;
    this.loop = new Loop("relay", step);
  }

  /** Makes it look at the outbox now, or once events have gathered; callable from any thread. */
  public void wake() {
    if (!step.isGathering()) {
      loop.wake();
    }
  }

  public RelayStatus status() {
    return step.status();
  }

  @Override
  public Loop loop() {
    return loop;
  }
}
