package dev.lapse.expiration;

import dev.lapse.loop.LoopService;
import dev.lapse.pause.Pause;
import java.util.Optional;

/** The expiration of this instance, running beside those of all others. */
public final class Expiration extends LoopService {

  private final ExpirationStep step;

  Expiration(ExpirationStep step) {
    super("expiration", step);
    this.step = step;
  }

  /** Why it expires nothing, if it is paused. */
  public Optional<Pause> paused() {
    return step.paused();
  }
}
