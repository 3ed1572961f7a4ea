package dev.lapse.retention;

import dev.lapse.loop.Loop;
import dev.lapse.loop.LoopStatus;
import org.springframework.context.SmartLifecycle;

/** The retention of this instance; of several, one purges at a time. */
public final class Retention implements SmartLifecycle {

  private final Loop loop;

  Retention(RetentionStep step) {
    this.loop = new Loop("retention", step);
  }

  public LoopStatus loopStatus() {
    return loop.status();
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
