package dev.lapse.relay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lapse.relay.History.Numbered;
import dev.lapse.relay.History.Verdict;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The checker itself: each flaw is seen, and counted as what it is. */
class HistoryTest {

  private static final Numbered A1 = new Numbered("a1", "a", 1);
  private static final Numbered A2 = new Numbered("a2", "a", 2);
  private static final Numbered B1 = new Numbered("b1", "b", 1);
  private static final List<Numbered> COMMITTED = List.of(A1, B1, A2);

  @Test
  void findsNoFlawWhereOnlyTheOrderAcrossKeysDiffers() {
    assertThat(History.judge(COMMITTED, List.of(B1, A1, A2))).isEqualTo(Verdict.FLAWLESS);
  }

  @Test
  void findsAnEventThatWasLost() {
    assertThat(History.judge(COMMITTED, List.of(A1, A2))).isEqualTo(new Verdict(1, 0, 0, 0));
  }

  @Test
  void findsAnEventThatWasPublishedTwice() {
    assertThat(History.judge(COMMITTED, List.of(A1, B1, A2, A1)))
        .isEqualTo(new Verdict(0, 1, 0, 0));
  }

  @Test
  void findsAnEventThatWasRolledBack() {
    assertThat(History.judge(COMMITTED, List.of(A1, B1, new Numbered("x", "a", 2), A2)))
        .isEqualTo(new Verdict(0, 0, 1, 0));
  }

  @Test
  void findsAnEventThatComesAfterALaterOneOfItsKey() {
    assertThat(History.judge(COMMITTED, List.of(A2, B1, A1))).isEqualTo(new Verdict(0, 0, 0, 1));
  }
}
