package dev.lapse.loop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lapse.support.Logged;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class LoopRecoveryTest {

  private final CountDownLatch cycles = new CountDownLatch(3);

  @Test
  void goesOnWhenTheRecoveryFromAFailureFailsItself() throws Exception {
    Loop loop =
        turned(
            new Step() {
              @Override
              public Duration runOnce() {
                cycles.countDown();
                throw new IllegalStateException("cycle");
              }

              @Override
              public void recover(Exception failure) {
                throw new IllegalStateException("recovery");
              }
            });

    assertThat(loop.status()).isInstanceOf(LoopStatus.Stopped.class);
  }

  /** However long somebody waited for a connection each time. */
  @Test
  void tellsAFailureOnceThoughItsNumbersChange() throws Exception {
    try (Logged logged = Logged.by(Loop.class)) {
      turned(
          () -> {
            cycles.countDown();
            throw new IllegalStateException(
                "timed out after 1000%dms".formatted(cycles.getCount()));
          });

      assertThat(logged.warnings()).singleElement().asString().contains("Worker failed");
    }
  }

  /** A loop that did three cycles, and was stopped then. */
  private Loop turned(Step step) throws InterruptedException {
    Loop loop = new Loop("test", step);
    loop.start();
    boolean turned = cycles.await(1, TimeUnit.MINUTES);
    loop.stop();
    assertThat(turned).isTrue();
    return loop;
  }
}
