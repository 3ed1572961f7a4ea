package dev.lapse.operations.http;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * An answer that is dear to find and good for a while, shared by all who ask.
 *
 * <p>It is looked for once at a time, and nobody waits for somebody else's search: requests that
 * queue up behind a slow one would take the threads that health is served by.
 *
 * @param <T> the answer
 */
final class CachedAnswer<T> {

  private final Callable<T> search;
  private final long keptNanos;
  private final ReentrantLock searching = new ReentrantLock();
  private volatile @Nullable Found<T> last;

  CachedAnswer(Duration kept, Callable<T> search) {
    this.search = search;
    this.keptNanos = kept.toNanos();
  }

  /**
   * The answer, as old as it may be, or older while another is looked for; empty before the first.
   */
  Optional<T> get() throws Exception {
    Found<T> known = last;
    boolean fresh = known != null && System.nanoTime() - known.at() < keptNanos;
    if (!fresh && searching.tryLock()) {
      try {
        known = new Found<>(search.call(), System.nanoTime());
        last = known;
      } finally {
        searching.unlock();
      }
    }
    return known == null ? Optional.empty() : Optional.of(known.answer());
  }

  private record Found<T>(T answer, long at) {}
}
