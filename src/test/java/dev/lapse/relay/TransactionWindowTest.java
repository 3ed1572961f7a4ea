package dev.lapse.relay;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class TransactionWindowTest {

  private static final Duration BRISK = Duration.ofSeconds(6);
  private static final Duration SLOW = BRISK.plusMillis(1);

  private final TransactionWindow window = new TransactionWindow(10_000, Duration.ofSeconds(15));

  @Test
  void isWholePagesAtFirst() {
    assertThat(window.records()).isEqualTo(10_000);
    window.committed(10_000, Duration.ZERO);
    assertThat(window.records()).isEqualTo(10_000);
  }

  @Test
  void isHalfOfWhatFailed() {
    window.failed(3000);
    assertThat(window.records()).isEqualTo(1500);
    window.failed(1500);
    assertThat(window.records()).isEqualTo(750);
  }

  @Test
  void isNeverLessThanOneAndNotForAnOutageUnderATrickle() {
    window.failed(1);
    window.failed(0);
    assertThat(window.records()).isEqualTo(10_000);

    window.failed(3);
    window.failed(1);
    assertThat(window.records()).isOne();
  }

  @Test
  void growsByItsHalfWithEachThatIsFullAndBrisk() {
    window.failed(200);

    window.committed(100, BRISK);
    assertThat(window.records()).isEqualTo(151);
    window.committed(150, BRISK);
    window.committed(151, SLOW);
    assertThat(window.records()).isEqualTo(151);
  }

  @Test
  void isWholeAgainSoonEvenFromOne() {
    window.failed(2);
    int transactions = 0;
    while (window.records() < 10_000) {
      window.committed(window.records(), BRISK);
      transactions++;
    }
    assertThat(transactions).isLessThan(25);
  }
}
