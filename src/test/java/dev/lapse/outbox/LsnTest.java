package dev.lapse.outbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LsnTest {

  @ParameterizedTest
  @ValueSource(strings = {"0/0", "0/16B3748", "1/0", "FFFFFFFF/FFFFFFFF"})
  void readsAndWritesTheNotationOfPostgres(String text) {
    assertThat(Lsn.parse(text)).hasToString(text);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "0", "/0", "0/", "123456789/0", "0/123456789", "x/0", "0/-1"})
  void refusesWhatIsNone(String text) {
    assertThatIllegalArgumentException().isThrownBy(() -> Lsn.parse(text));
  }

  @Test
  void comparesUnsigned() {
    assertThat(Lsn.parse("0/FFFFFFFF").isBefore(Lsn.parse("1/0"))).isTrue();
    assertThat(Lsn.parse("7FFFFFFF/0").isBefore(Lsn.parse("80000000/0"))).isTrue();
    assertThat(Lsn.parse("1/0").isBefore(Lsn.parse("1/0"))).isFalse();
  }
}
