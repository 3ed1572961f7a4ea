package dev.lapse.loop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lapse.support.Logged;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class LoopRecoveryTest {

  @Test
  void goesOnWhenTheRecoveryFromAFailureFailsItself() throws Exception {
    CountDownLatch cycles = new CountDownLatch(3);
    Loop loop =
        new Loop(
            "test",
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

    loop.start();
    boolean turned = cycles.await(1, TimeUnit.MINUTES);
    loop.stop();

    assertThat(turned).isTrue();
    assertThat(loop.status()).isInstanceOf(LoopStatus.Stopped.class);
  }

  /** However long somebody waited for a connection each time. */
  @Test
  void tellsAFailureOnceThoughItsNumbersChange() throws Exception {
    CountDownLatch cycles = new CountDownLatch(3);
    Loop loop =
        new Loop(
            "test",
            () -> {
              cycles.countDown();
              throw new IllegalStateException(
                  "timed out after 1000%dms".formatted(cycles.getCount()));
            });

    try (Logged logged = Logged.by(Loop.class)) {
      loop.start();
      boolean turned = cycles.await(1, TimeUnit.MINUTES);
      loop.stop();

      assertThat(turned).isTrue();
      assertThat(logged.warnings()).singleElement().asString().contains("Cycle failed");
    }
  }
}
