package dev.lapse.console;

import java.time.Duration;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What was read, shared by all who ask within a while. Read by one at a time; the others wait.
 *
 * @param <T> what is read
 */
final class Kept<T> {

  private final long nanos;
  private final Supplier<T> reading;
  private @Nullable T last;
  private long at;

  Kept(Duration kept, Supplier<T> reading) {
    this.nanos = kept.toNanos();
    this.reading = reading;
  }

  synchronized T get() {
    T known = last;
    if (known == null || System.nanoTime() - at > nanos) {
      known = reading.get();
      last = known;
      at = System.nanoTime();
    }
    return known;
  }
}
