package dev.lapse.loop;

import java.util.Optional;
import org.springframework.context.SmartLifecycle;

/**
 * What turns by a loop of its own, for whoever starts it, stops it, or looks after it. It begins
 * with the application and ends with it, at the same time as the others.
 */
public interface Looping extends SmartLifecycle {

  Loop loop();

  default LoopStatus loopStatus() {
    return loop().status();
  }

  /** What went wrong last, though it may be well again since; empty if nothing ever did. */
  default Optional<Failure> lastFailure() {
    return loop().lastFailure();
  }

  @Override
  default void start() {
    loop().start();
  }

  @Override
  default void stop() {
    loop().stop();
  }

  /** So that none waits for another's end before it even begins to stop. */
  @Override
  default void stop(Runnable stopped) {
    loop().askToStop();
    new Thread(
            () -> {
              loop().stop();
              stopped.run();
            },
            "lapse-stop")
        .start();
  }

  @Override
  default boolean isRunning() {
    return loop().isRunning();
  }
}
