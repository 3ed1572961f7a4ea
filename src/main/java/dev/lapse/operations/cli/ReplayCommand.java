package dev.lapse.operations.cli;

import dev.lapse.replay.Outcome;
import dev.lapse.replay.Plan;
import dev.lapse.replay.Replay;
import dev.lapse.replay.Request;
import dev.lapse.replay.Selection;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.time.Instant;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Publishes events again. */
@Command(
    name = "replay",
    description = {
      "Publish events again, in order, with the same ce_id and the header lapse-replay.",
      "Selects published events only, unless --dead-letters is given. Filters are combined with"
          + " AND. The running relay is not disturbed."
    },
    mixinStandardHelpOptions = true,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:all selected events are published, or would be with --dry-run",
      "1:failed, or not confirmed; the output says where to resume",
      "2:usage error",
      "130, 143:stopped by Ctrl-C or SIGTERM; the output says where to resume"
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  lapse replay --since=2026-11-25T08:00:00Z --until=2026-11-25T09:00:00Z --dry-run",
      "  lapse replay --key=0d5e6f…                      # all events of one approval",
      "  lapse replay --type=ApprovalExpired --from-id=1 --to-topic=approvals.rebuild --rate=500",
      "  lapse replay --from-id=1 --yes --after-id=4711  # resume where it stopped",
      "  lapse replay --dead-letters --to-topic=approvals.refused",
      "All replays: SELECT * FROM replay ORDER BY started_at DESC;"
    })
final class ReplayCommand implements Callable<Integer> {

  /** Enough for the page in hand, and for what there is to say. */
  private static final int STOP_SECONDS = 30;

  @Option(names = "--from-id", paramLabel = "ID", description = "First outbox id.")
  private @Nullable Long fromId;

  @Option(names = "--to-id", paramLabel = "ID", description = "Last outbox id.")
  private @Nullable Long toId;

  @Option(
      names = "--since",
      paramLabel = "TIME",
      description = "Events that occurred at this time or later, such as 2026-11-25T08:00:00Z.")
  private @Nullable Instant since;

  @Option(
      names = "--until",
      paramLabel = "TIME",
      description = "Events that occurred before this time.")
  private @Nullable Instant until;

  @Option(
      names = {"--key", "--approval"},
      paramLabel = "KEY",
      description = "Events of this key. The key of an approval is its id.")
  private @Nullable String key;

  @Option(names = "--type", paramLabel = "TYPE", description = "Events of this type.")
  private @Nullable String type;

  @Option(
      names = "--dead-letters",
      description = {
        "Dead letters and the events that wait for them, instead of published events.",
        "Requires --to-topic."
      })
  private boolean deadLetters;

  @Option(
      names = "--to-topic",
      paramLabel = "TOPIC",
      description = "Publish to this topic, which must exist. Default: the topic of each event.")
  private @Nullable String toTopic;

  @Option(
      names = "--dry-run",
      description = "Print how many events, which ids and how many bytes; publish nothing.")
  private boolean dryRun;

  @Option(
      names = "--rate",
      paramLabel = "EVENTS",
      defaultValue = "0",
      description = "Most events per second. Default: unlimited.")
  private int rate;

  @Option(
      names = "--after-id",
      paramLabel = "ID",
      defaultValue = "0",
      description = "Resume after this outbox id, which an earlier replay printed.")
  private long afterId;

  @Option(
      names = "--max",
      paramLabel = "EVENTS",
      defaultValue = "" + Request.DEFAULT_MAX,
      description = "Ask for confirmation above this number of events. Default: ${DEFAULT-VALUE}.")
  private long max;

  @Option(names = "--yes", description = "Skip the confirmation.")
  private boolean yes;

  private final CommandRunner oneShot;

  /** Counts down when the process is to stop. */
  private final CountDownLatch stop = new CountDownLatch(1);

  /** Set before the first page, and not before: until then there is nothing to wait for. */
  private volatile boolean publishing;

  @Spec private CommandSpec spec;

  ReplayCommand(CommandRunner oneShot) {
    this.oneShot = oneShot;
  }

  @Override
  public Integer call() throws Exception {
    Request request = request(yes);
    CountDownLatch ended = new CountDownLatch(1);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stopAndAwait(ended)));
    try {
      return oneShot.run(
          CommandRunner.LOOKING, context -> replay(context.getBean(Replay.class), request));
    } finally {
      ended.countDown();
    }
  }

  /** On the way out, whether by a signal or at the end. */
  private void stopAndAwait(CountDownLatch ended) {
    stop.countDown();
    if (!publishing) {
      return; // still counting, or asking
    }
    try {
      if (!ended.await(STOP_SECONDS, TimeUnit.SECONDS)) {
        spec.commandLine().getErr().println("lapse: gave up waiting for the current batch");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private Request request(boolean confirmed) {
    try {
      return new Request(
          new Selection(fromId, toId, since, until, key, type, deadLetters),
          afterId,
          toTopic,
          rate,
          max,
          confirmed,
          System.getProperty("user.name", "?"));
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
  }

  private int replay(Replay replay, Request request) throws Exception {
    PrintWriter out = spec.commandLine().getOut();
    Plan plan = replay.plan(request, stop).orElse(null);
    if (plan == null) {
      return 1; // on the way out: nobody needs an answer
    }
    out.println(text(plan));
    if (dryRun || plan.events() == 0) {
      out.println("Nothing was published.");
      out.flush();
      return 0;
    }
    boolean tooMany = plan.events() > max;
    boolean confirmed = yes || (tooMany && confirm(plan));
    if (tooMany && !confirmed) {
      out.flush();
      spec.commandLine()
          .getErr()
          .printf(
              "lapse: more than %d events. Nothing was published: pass --yes, or a higher --max.%n",
              max);
      return 1;
    }
    publishing = true;
    if (stop.getCount() == 0) {
      return 1; // who stopped it may not have seen that it is publishing, and does not wait
    }
    ReplayProgress progress = new ReplayProgress(plan, out, Terminal.isAttached());
    Outcome outcome = replay.run(request(confirmed), plan, stop, progress);
    progress.end();
    tell(outcome);
    return outcome.end() == Outcome.End.DONE ? 0 : 1;
  }

  private String text(Plan plan) {
    return plan.events() == 0
        ? "No events are selected."
        : String.format(
            Locale.ROOT,
            "Events: %,d, outbox ids %d to %d, %,d bytes, to %s.",
            plan.events(),
            plan.firstId(),
            plan.lastId(),
            plan.bytes(),
            toTopic == null ? "the topic of each event" : toTopic);
  }

  private boolean confirm(Plan plan) throws IOException {
    if (!Terminal.isAttached()) {
      return false;
    }
    PrintWriter out = spec.commandLine().getOut();
    out.printf("Events to publish again: %,d. Continue? [y/N] ", plan.events());
    out.flush();
    String answer =
        new BufferedReader(new InputStreamReader(System.in, Charset.defaultCharset())).readLine();
    return answer != null && answer.strip().equalsIgnoreCase("y");
  }

  private void tell(Outcome outcome) {
    PrintWriter out = spec.commandLine().getOut();
    out.printf(
        Locale.ROOT,
        "%s: %,d. Replay: %s%n",
        outcome.end() == Outcome.End.DONE ? "Events published" : "Stopped. Events published",
        outcome.progress().events(),
        outcome.progress().replay());
    out.flush();
    if (outcome.end() != Outcome.End.DONE) {
      PrintWriter err = spec.commandLine().getErr();
      if (outcome.failure() != null) {
        err.println("lapse: failed: " + outcome.failure());
      }
      err.printf(
          "To resume, run the same command with --after-id=%d%n",
          Math.max(afterId, outcome.progress().lastId()));
      err.flush();
    }
  }
}
