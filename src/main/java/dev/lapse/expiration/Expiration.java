package dev.lapse.expiration;

import dev.lapse.loop.Loop;
import dev.lapse.loop.LoopStatus;
import dev.lapse.pause.Pause;
import java.util.Optional;
import org.springframework.context.SmartLifecycle;

/** The expiration of this instance, running beside those of all others. */
public final class Expiration implements SmartLifecycle {

  private final Loop loop;
  private final ExpirationStep step;

  Expiration(ExpirationStep step) {
    this.step = step;
    this.loop = new Loop("expiration", step);
  }

  public LoopStatus loopStatus() {
    return loop.status();
  }

  /** Why it expires nothing, if it is paused. */
  public Optional<Pause> paused() {
    return step.paused();
  }

  @Override
  public void start() {
    loop.start();
  }

  @Override
  public void stop() {
    loop.stop();
  }

  @Override
  public boolean isRunning() {
    return loop.isRunning();
  }
}
