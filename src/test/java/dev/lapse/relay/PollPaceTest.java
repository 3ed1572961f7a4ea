package dev.lapse.relay;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class PollPaceTest {

  private static final long BEGIN = Long.MAX_VALUE - 1; // it wraps around, as nanoTime() may

  private final PollPace pace = new PollPace(Duration.ofMillis(5), BEGIN);

  @Test
  void looksLessOftenOnceNothingHasComeForASecond() {
    assertThat(pace.afterNothing(BEGIN + millis(999))).hasMillis(5);
    assertThat(pace.afterNothing(BEGIN + millis(1000))).hasMillis(50);
  }

  @Test
  void looksAtItsIntervalAgainOnceSomethingHasCome() {
    pace.afterTransaction(Duration.ofMillis(4), BEGIN + millis(5050));

    assertThat(pace.afterNothing(BEGIN + millis(6049))).hasMillis(5);
    assertThat(pace.afterNothing(BEGIN + millis(6050))).hasMillis(50);
  }

  @Test
  void gathersForOneAndAHalfTimesWhatATransactionTakes() {
    assertThat(pace.afterTransaction(Duration.ofMillis(4), BEGIN)).hasMillis(6);
  }

  @Test
  void gathersForALimitedTimeAfterATransactionThatTookLong() {
    assertThat(pace.afterTransaction(Duration.ofSeconds(2), BEGIN)).hasMillis(25);
  }

  @Test
  void looksNeverMoreOftenThanItWasTold() {
    PollPace slow = new PollPace(Duration.ofSeconds(2), BEGIN);

    assertThat(slow.afterNothing(BEGIN + millis(5000))).hasSeconds(2);
  }

  private static long millis(long millis) {
    return millis * 1_000_000;
  }
}
