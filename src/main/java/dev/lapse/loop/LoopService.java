package dev.lapse.loop;

import org.springframework.context.SmartLifecycle;

/**
 * A part of the service that is a {@link Loop}: begins with the application and ends with it, at
 * the same time as the other parts.
 */
public abstract class LoopService implements SmartLifecycle {

  private final Loop loop;

  protected LoopService(String name, Step step) {
    this.loop = new Loop(name, step);
  }

  /** Callable from any thread. */
  public final LoopStatus loopStatus() {
    return loop.status();
  }

  /** Ends the pause between two cycles; callable from any thread. */
  public final void wake() {
    loop.wake();
  }

  @Override
  public final void start() {
    loop.start();
  }

  @Override
  public final void stop() {
    loop.stop();
  }

  /** So that none waits for another's end before it even begins to stop. */
  @Override
  public final void stop(Runnable stopped) {
    loop.askToStop();
    new Thread(
            () -> {
              loop.stop();
              stopped.run();
            },
            "lapse-stop")
        .start();
  }

  @Override
  public final boolean isRunning() {
    return loop.isRunning();
  }
}
