package dev.lapse.relay;

import dev.lapse.loop.LoopService;

/**
 * The relay of this instance, running beside those of all others of its name. Wake it to make it
 * look at the outbox now.
 */
public final class Relay extends LoopService {

  private final RelayStep step;

  Relay(RelayStep step) {
    super("relay", step);
    this.step = step;
  }

  public RelayStatus status() {
    return step.status();
  }
}
