package dev.lapse.bench;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** Does something on a thread of its own, again and again, with the same pause behind each. */
final class Every implements AutoCloseable {

  private final Thread thread;
  private volatile boolean closing;
  private volatile @Nullable Exception failure;

  Every(Duration pause, Callable<?> step) {
    this.thread = new Thread(() -> run(pause, step), "every-" + pause);
    thread.start();
  }

  private void run(Duration pause, Callable<?> step) {
    try {
      while (!closing) {
        var unused = step.call();
        LockSupport.parkNanos(pause.toNanos());
      }
    } catch (Exception e) {
      failure = e;
    }
  }

  /**
   * Returns when it has ended.
   *
   * @throws IllegalStateException if it ended before that, by a failure
   */
  @Override
  public void close() {
    closing = true;
    LockSupport.unpark(thread);
    try {
      thread.join();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    if (failure != null) {
      throw new IllegalStateException(failure);
    }
  }
}
