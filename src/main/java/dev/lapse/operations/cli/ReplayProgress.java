package dev.lapse.operations.cli;

import dev.lapse.replay.Plan;
import dev.lapse.replay.Progress;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;
import java.util.function.Consumer;

/** How far a replay is: a bar on a terminal, a line now and then elsewhere. */
final class ReplayProgress implements Consumer<Progress> {

  private static final int WIDTH = 30;
  private static final Duration BETWEEN_LINES = Duration.ofSeconds(5);

  private final Plan plan;
  private final PrintWriter out;
  private final boolean terminal;
  private final long startedAt = System.nanoTime();
  private long toldAt = startedAt - BETWEEN_LINES.toNanos();

  ReplayProgress(Plan plan, PrintWriter out, boolean terminal) {
    this.plan = plan;
    this.out = out;
    this.terminal = terminal;
  }

  @Override
  public void accept(Progress progress) {
    if (terminal) {
      // To the end of the line: what was there may have been longer.
      out.printf("\r%s\033[K", bar(progress) + line(progress));
    } else if (System.nanoTime() - toldAt >= BETWEEN_LINES.toNanos()) {
      toldAt = System.nanoTime();
      out.println(line(progress));
    }
    out.flush();
  }

  /** Leaves the bar where it is, for what is printed next. */
  void end() {
    if (terminal) {
      out.println();
    }
  }

  private String bar(Progress progress) {
    int done = (int) Math.min(WIDTH, progress.events() * WIDTH / Math.max(1, plan.events()));
    return "[" + "#".repeat(done) + ".".repeat(WIDTH - done) + "] ";
  }

  private String line(Progress progress) {
    double seconds = (System.nanoTime() - startedAt) / 1e9;
    double rate = progress.events() / Math.max(seconds, 1e-3);
    // More than planned, where late events have come meanwhile.
    long left = Math.max(0, plan.events() - progress.events());
    return String.format(
        Locale.ROOT,
        "%,d of %,d events, %,.0f/s%s",
        progress.events(),
        plan.events(),
        rate,
        progress.events() == 0
            ? ""
            : ", %s left".formatted(Terminal.duration(Duration.ofSeconds((long) (left / rate)))));
  }
}
