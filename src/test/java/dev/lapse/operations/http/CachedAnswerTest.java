package dev.lapse.operations.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class CachedAnswerTest {

  private final AtomicInteger searches = new AtomicInteger();

  @Test
  void looksOnceForAllWhoAskWithinTheTime() throws Exception {
    CachedAnswer<Integer> shared =
        new CachedAnswer<>(Duration.ofHours(1), searches::incrementAndGet);

    assertThat(shared.get()).contains(1);
    assertThat(shared.get()).contains(1);
  }

  @Test
  void looksAnewWhenTheTimeIsOver() throws Exception {
    CachedAnswer<Integer> shared = new CachedAnswer<>(Duration.ZERO, searches::incrementAndGet);

    assertThat(shared.get()).contains(1);
    assertThat(shared.get()).contains(2);
  }

  @Test
  void nobodyWaitsForTheSearchOfAnother() throws Exception {
    CountDownLatch searching = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    CachedAnswer<Integer> shared =
        new CachedAnswer<>(
            Duration.ofHours(1),
            () -> {
              searching.countDown();
              goOn.await();
              return searches.incrementAndGet();
            });
    ExecutorService other = Executors.newSingleThreadExecutor();
    try {
      Future<Optional<Integer>> slow = other.submit(shared::get);
      searching.await();

      assertThat(shared.get()).isEmpty();

      goOn.countDown();
      assertThat(slow.get()).contains(1);
      assertThat(shared.get()).contains(1);
    } finally {
      other.shutdownNow();
    }
  }
}
