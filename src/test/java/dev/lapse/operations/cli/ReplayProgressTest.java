package dev.lapse.operations.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lapse.replay.Plan;
import dev.lapse.replay.Progress;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class ReplayProgressTest {

  private final StringWriter written = new StringWriter();
  private final Plan plan = new Plan(3000, 90_000, 1, 3000);

  @Test
  void drawsABarWithRateAndTimeLeftOnATerminal() {
    ReplayProgress progress = new ReplayProgress(plan, new PrintWriter(written), true);

    progress.accept(at(0));
    progress.accept(at(1000));
    progress.accept(at(3000));
    progress.end();

    assertThat(written.toString())
        .contains("\r[..............................] 0 of 3,000 events")
        .containsPattern("\r\\[##########\\.{20}\\] 1,000 of 3,000 events, [0-9,]+/s, 0 s left")
        .contains("\r[##############################] 3,000 of 3,000 events")
        .endsWith(System.lineSeparator());
  }

  @Test
  void printsPlainLinesNowAndThenElsewhere() {
    ReplayProgress progress = new ReplayProgress(plan, new PrintWriter(written), false);

    for (long events = 0; events <= 3000; events += 1000) {
      progress.accept(at(events));
    }
    progress.end();

    assertThat(written.toString().lines()).hasSize(1).allMatch(line -> line.startsWith("0 of"));
    assertThat(written.toString()).doesNotContain("\r", "\033");
  }

  /** Events that came late are published besides. */
  @Test
  void isFullWhereMoreIsPublishedThanWasPlanned() {
    ReplayProgress progress = new ReplayProgress(plan, new PrintWriter(written), true);

    progress.accept(at(4000));

    assertThat(written.toString())
        .startsWith("\r[##############################] 4,000 of 3,000 events")
        .contains(" 0 s left");
  }

  private static Progress at(long events) {
    return new Progress(new UUID(0, 0), events, events * 30, events);
  }
}
