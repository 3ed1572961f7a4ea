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
      "Publish events again, in their order: the same events, with the same ce_id, marked by the"
          + " header lapse-replay.",
      "Only what the relay has published is published again. What is selected must fulfil every"
          + " option given. The running relay is not disturbed."
    },
    mixinStandardHelpOptions = true,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:all of it is published, or would be",
      "1:failed, or not confirmed; it says where to go on",
      "2:wrong command line",
      "130, 143:stopped by Ctrl-C or SIGTERM; it says where to go on"
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  lapse replay --since=2026-11-25T08:00:00Z --until=2026-11-25T09:00:00Z --dry-run",
      "  lapse replay --key=0d5e6f…                      # all that happened to one approval",
      "  lapse replay --type=ApprovalExpired --from-id=1 --to-topic=approvals.rebuild --rate=500",
      "  lapse replay --from-id=1 --yes --after-id=4711  # go on where it was stopped",
      "  lapse replay --dead-letters --to-topic=approvals.refused",
      "Who replayed what: SELECT * FROM replay ORDER BY started_at DESC;"
    })
final class ReplayCommand implements Callable<Integer> {

  /** Enough for the page in hand, and for what there is to say. */
  private static final int STOP_SECONDS = 30;

  @Option(names = "--from-id", paramLabel = "ID", description = "From this outbox id on.")
  private @Nullable Long fromId;

  @Option(names = "--to-id", paramLabel = "ID", description = "Up to this outbox id.")
  private @Nullable Long toId;

  @Option(
      names = "--since",
      paramLabel = "TIME",
      description = "What occurred then or later, such as 2026-11-25T08:00:00Z.")
  private @Nullable Instant since;

  @Option(names = "--until", paramLabel = "TIME", description = "What occurred before.")
  private @Nullable Instant until;

  @Option(
      names = {"--key", "--approval"},
      paramLabel = "KEY",
      description = "Events of this key; an approval's is its id.")
  private @Nullable String key;

  @Option(names = "--type", paramLabel = "TYPE", description = "Events of this type.")
  private @Nullable String type;

  @Option(
      names = "--dead-letters",
      description = {
        "What Kafka refused and what waits behind it, instead of what is published;",
        "to another topic only."
      })
  private boolean deadLetters;

  @Option(
      names = "--to-topic",
      paramLabel = "TOPIC",
      description = "Publish to this topic, which must exist. Default: each event's own.")
  private @Nullable String toTopic;

  @Option(names = "--dry-run", description = "Say how many, which and how large; publish nothing.")
  private boolean dryRun;

  @Option(
      names = "--rate",
      paramLabel = "EVENTS",
      defaultValue = "0",
      description = "Events a second at the most. Default: as many as there can be.")
  private int rate;

  @Option(
      names = "--after-id",
      paramLabel = "ID",
      defaultValue = "0",
      description = "Go on behind this outbox id, which an earlier replay came to.")
  private long afterId;

  @Option(
      names = "--max",
      paramLabel = "EVENTS",
      defaultValue = "" + Request.DEFAULT_MAX,
      description = "Ask, or demand --yes, for more events than this. Default: ${DEFAULT-VALUE}.")
  private long max;

  @Option(names = "--yes", description = "However many there are.")
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
        spec.commandLine().getErr().println("lapse: gave up waiting for the page in hand");
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
              "lapse: more than %d events. Nothing was published: say --yes, or a higher --max.%n",
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
        ? "No event is selected."
        : String.format(
            Locale.ROOT,
            "%,d events of outbox ids %d to %d, %,d bytes, to %s.",
            plan.events(),
            plan.firstId(),
            plan.lastId(),
            plan.bytes(),
            toTopic == null ? "their own topics" : toTopic);
  }

  private boolean confirm(Plan plan) throws IOException {
    if (!Terminal.isAttached()) {
      return false;
    }
    PrintWriter out = spec.commandLine().getOut();
    out.printf("Publish %,d events again? [y/N] ", plan.events());
    out.flush();
    String answer =
        new BufferedReader(new InputStreamReader(System.in, Charset.defaultCharset())).readLine();
    return answer != null && answer.strip().equalsIgnoreCase("y");
  }

  private void tell(Outcome outcome) {
    PrintWriter out = spec.commandLine().getOut();
    out.printf(
        Locale.ROOT,
        "%s %,d events. Replay %s.%n",
        outcome.end() == Outcome.End.DONE ? "Published" : "Stopped after",
        outcome.progress().events(),
        outcome.progress().replay());
    out.flush();
    if (outcome.end() != Outcome.End.DONE) {
      PrintWriter err = spec.commandLine().getErr();
      if (outcome.failure() != null) {
        err.println("lapse: failed: " + outcome.failure());
      }
      err.printf(
          "To go on, say the same with --after-id=%d%n",
          Math.max(afterId, outcome.progress().lastId()));
      err.flush();
    }
  }
}
