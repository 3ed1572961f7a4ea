package dev.lapse.status;

import dev.lapse.loop.Loop;
import dev.lapse.loop.Looping;
import java.util.Optional;

/**
 * Looks every few seconds at how things stand in the database, so that nobody who scrapes metrics
 * or asks for health has to, or waits for it.
 */
public final class Watch implements Looping {

  private final Loop loop;
  private final WatchStep step;

  public Watch(WatchStep step) {
    this.step = step;
    this.loop = new Loop("watch", step);
  }

  @Override
  public Loop loop() {
    return loop;
  }

  /**
   * How things stood a few seconds ago; empty while the database does not answer. Callable from any
   * thread, and never waits.
   */
  public Optional<Status.Database> reading() {
    return step.reading();
  }

  /** A transaction that keeps the database from cleaning up, and has for too long. */
  public Optional<Status.Transaction> longTransaction() {
    return reading().flatMap(step::longTransaction);
  }
}
