package dev.lapse.operations.health;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lapse.loop.Loop;
import dev.lapse.loop.LoopStatus;
import dev.lapse.loop.Looping;
import dev.lapse.loop.Step;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.Status;

/** Only a loop that has ended is a reason to restart the process. */
class LivenessTest {

  @Test
  void isUpWhileALoopFailsAndTriesAgain() {
    Loop failing =
        loop(
            () -> {
              throw new IllegalStateException("an outage");
            },
            LoopStatus.BackingOff.class);

    assertThat(liveness(failing).getStatus()).isEqualTo(Status.UP);
    assertThat(failing.lastFailure())
        .hasValueSatisfying(f -> assertThat(f.reason()).isEqualTo("an outage"));
    assertThat(LoopHealth.of(failing.status()).build().getDetails())
        .containsEntry("reason", "an outage")
        .containsKeys("nextAttempt", "action");
    failing.stop();
  }

  @Test
  void isDownOnceALoopHasEnded() {
    Loop broken =
        loop(
            () -> {
              throw new NoClassDefFoundError("a class");
            },
            LoopStatus.Broken.class);

    Health health = liveness(broken);

    assertThat(health.getStatus()).isEqualTo(Status.DOWN);
    assertThat(health.getDetails())
        .containsEntry("a loop", "ended: java.lang.NoClassDefFoundError: a class")
        .containsEntry("action", "restart the process");
    assertThat(broken.lastFailure()).isPresent();
  }

  private static Health liveness(Loop loop) {
    Looping looping = () -> loop;
    return new Liveness(List.of(looping)).health();
  }

  private static Loop loop(Step step, Class<? extends LoopStatus> until) {
    Loop loop = new Loop("a loop", step);
    loop.start();
    await().atMost(Duration.ofMinutes(1)).until(() -> until.isInstance(loop.status()));
    return loop;
  }
}
