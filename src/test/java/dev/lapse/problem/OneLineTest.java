package dev.lapse.problem;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever somebody wrote, a line of ours stays one, and can be encoded. */
class OneLineTest {

  @ParameterizedTest
  @ValueSource(
      ints = {
        0, 7, 9, 10, 13, 27, 0x7f, 0x85, 0x9b, 0x200e, 0x2028, 0x2029, 0x202e, 0xfeff, 0xd800,
        0xdfff
      })
  void escapesWhatEndsALineOrControlsATerminal(int character) {
    String text = "a" + new String(Character.toChars(character)) + "b";

    assertThat(OneLine.of(text)).isEqualTo("a\\u%04xb".formatted(character));
  }

  @Test
  void leavesAllElseAsItIs() {
    String text = "id-1 ä 漢 😀 \\ \"";

    assertThat(OneLine.of(text)).isSameAs(text);
  }

  /** Such a reason travels in the position, which could not be written. */
  @Test
  void aReasonThatIsCutInACharacterCanBeEncoded() {
    String reason = Reasons.of(new IllegalStateException("x".repeat(499) + "😀 and more\u0007"));

    assertThat(StandardCharsets.UTF_8.newEncoder().canEncode(reason)).isTrue();
    assertThat(Reasons.of(new IllegalStateException("a\u001b[31mb"))).isEqualTo("a\\u001b[31mb");
  }
}
