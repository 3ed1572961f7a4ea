package dev.lapse.relay;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class PollPaceTest {

  private static final long BEGIN = Long.MAX_VALUE - 1; // it wraps around, as nanoTime() may

  private final PollPace pace = new PollPace(Duration.ofMillis(5), BEGIN);

  @Test
  void looksLessOftenOnceNothingHasComeForASecond() {
    assertThat(pace.after(false, BEGIN + millis(999))).hasMillis(5);
    assertThat(pace.after(false, BEGIN + millis(1000))).hasMillis(50);
  }

  @Test
  void looksAtItsIntervalAgainOnceSomethingHasCome() {
    pace.after(false, BEGIN + millis(5000));

    assertThat(pace.after(true, BEGIN + millis(5050))).hasMillis(5);
    assertThat(pace.after(false, BEGIN + millis(6049))).hasMillis(5);
    assertThat(pace.after(false, BEGIN + millis(6050))).hasMillis(50);
  }

  @Test
  void looksNeverMoreOftenThanItWasTold() {
    PollPace slow = new PollPace(Duration.ofSeconds(2), BEGIN);

    assertThat(slow.after(false, BEGIN + millis(5000))).hasSeconds(2);
  }

  private static long millis(long millis) {
    return millis * 1_000_000;
  }
}
