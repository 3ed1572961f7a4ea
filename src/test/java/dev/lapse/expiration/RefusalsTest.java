package dev.lapse.expiration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RefusalsTest {

  private long now = Long.MAX_VALUE - 1; // as nanoTime may be, which then goes on below zero
  private final Refusals refusals = new Refusals(() -> now);

  @Test
  void areTriedAgainInTurnOneAPause() {
    refuse("a");
    refuse("b");
    assertThat(triedAgain()).isEmpty();

    pass(Refusals.PAUSE);
    assertThat(triedAgain()).containsExactly("a");
    pass(Refusals.PAUSE);
    assertThat(triedAgain()).containsExactly("b");
    pass(Refusals.PAUSE);
    assertThat(triedAgain()).containsExactly("a");
  }

  /** As where sweeps go by an expression for every hour. */
  @Test
  void areEachTriedAgainOnceAfterALongPause() {
    refuse("a");
    refuse("b");
    refuse("c");

    pass(Duration.ofHours(1));
    assertThat(triedAgain()).containsExactly("a", "b", "c");
    pass(Duration.ofHours(1));
    assertThat(triedAgain()).containsExactly("a", "b", "c");
  }

  @Test
  void theNextIsTriedAtOnceWhenOneWentThrough() {
    refuse("a");
    refuse("b");
    pass(Refusals.PAUSE);
    assertThat(refusals.again()).contains("a");

    refusals.remove("a");

    assertThat(triedAgain()).containsExactly("b");
  }

  @Test
  void oneThatWentThroughTakesNoTryFromTheOthers() {
    List.of("a", "b", "c", "d").forEach(this::refuse);
    pass(Duration.ofHours(1));
    assertThat(refusals.again()).contains("a");

    refusals.remove("a");

    assertThat(triedAgain()).containsExactly("b", "c", "d");
  }

  /** All others would wait for it: nothing else is done between two tries. */
  @Test
  void aTryThatTakesLongIsNotFollowedByTheNext() {
    refuse("a");
    pass(Refusals.PAUSE);
    assertThat(refusals.again()).contains("a");
    pass(Refusals.PAUSE.multipliedBy(2));

    refuse("a");

    assertThat(triedAgain()).isEmpty();
  }

  @Test
  void areNewOnce() {
    assertThat(refuse("a")).isTrue();
    assertThat(refuse("a")).isFalse();
    refusals.remove("a");
    assertThat(refuse("a")).isTrue();
    assertThat(refusals.ids()).containsExactly("a");
  }

  @Test
  void areNoMoreThanThereIsRoomFor() {
    for (int i = 0; i < Refusals.MAX; i++) {
      refuse("number " + i);
    }

    assertThatThrownBy(() -> refuse("another"))
        .hasMessage("1000 approvals cannot expire, and there are more: why another is");
    assertThat(refuse("number 7")).as("known").isFalse();
    refusals.remove("number 8");
    assertThat(refuse("another")).isTrue();
  }

  private boolean refuse(String id) {
    return refusals.add(new Refusal(id, "why " + id + " is"));
  }

  private void pass(Duration time) {
    now += time.toNanos();
  }

  /** All that it is time for; each is refused again. */
  private List<String> triedAgain() {
    List<String> tried = new ArrayList<>();
    for (Optional<String> id = refusals.again(); id.isPresent(); id = refusals.again()) {
      tried.add(id.get());
      refuse(id.get());
    }
    return tried;
  }
}
