package dev.lapse.operations.cli;

import dev.lapse.deadline.Extension;
import dev.lapse.deadline.ExtensionRequest;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Moves deadlines that run. */
@Command(
    name = "extend",
    description = {
      "Move the deadlines of pending approvals, by id or all that are due soon.",
      "A deadline that has passed stays, and so does a decision. Each extension is recorded. Needs"
          + " UPDATE on the column of the deadline."
    },
    mixinStandardHelpOptions = true,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:all selected deadlines have moved, or would with --dry-run",
      "1:failed, or some have not moved; the output says which and why",
      "2:usage error",
      "130, 143:stopped by Ctrl-C or SIGTERM; the output says how to resume"
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  lapse extend 0d5e6f… --by=4h --reason='approver is ill'",
      "  lapse extend --due-within=2h --where=tenant_id=acme --by=4h --reason=outage --dry-run",
      "  lapse extend --overdue --to=2026-11-28T18:00:00Z --reason='wrong deadlines'  # while paused",
      "  lapse extend --resume=5b1f…            # one that was stopped",
      "All extensions: SELECT * FROM extension ORDER BY started_at DESC;"
    })
final class ExtendCommand implements Callable<Integer> {

  /** Enough for the batch in hand, and for what there is to say. */
  private static final int STOP_SECONDS = 30;

  /** Approvals that are listed; all are counted. */
  private static final int LISTED = 20;

  @Parameters(paramLabel = "ID", arity = "0..*", description = "Ids of approvals.")
  private List<String> ids = List.of();

  @Option(
      names = "--due-within",
      paramLabel = "TIME",
      description = "All that are due within this time from now, such as 2h.")
  private @Nullable Duration dueWithin;

  @Option(
      names = "--overdue",
      description = "Also all that are overdue. Works only while expiry is paused.")
  private boolean overdue;

  @Option(
      names = "--where",
      paramLabel = "COLUMN=VALUE",
      description = "Only those with this value in this column. Several are combined with AND.")
  private Map<String, String> where = Map.of();

  @Option(
      names = "--by",
      paramLabel = "TIME",
      description = "How far, such as 4h: from the deadline, or from now if that has passed.")
  private @Nullable Duration by;

  @Option(
      names = "--to",
      paramLabel = "TIME",
      description = "The new deadline, such as 2026-11-28T18:00:00Z. Later deadlines stay.")
  private @Nullable Instant to;

  @Option(
      names = "--reason",
      paramLabel = "TEXT",
      defaultValue = "",
      description = "The reason, for the record. Required.")
  private String reason = "";

  @Option(names = "--dry-run", description = "Print how many would move; move nothing.")
  private boolean dryRun;

  @Option(
      names = "--max",
      paramLabel = "APPROVALS",
      defaultValue = "" + ExtensionRequest.DEFAULT_MAX,
      description = "Move nothing if more are selected. Default: ${DEFAULT-VALUE}.")
  private long max;

  @Option(
      names = "--resume",
      paramLabel = "EXTENSION",
      description = "Resume this extension, which was stopped; takes no other option.")
  private @Nullable UUID resume;

  private final CommandRunner oneShot;

  /** Counts down when the process is to stop. */
  private final CountDownLatch stop = new CountDownLatch(1);

  private volatile boolean moving;

  @Spec private CommandSpec spec;

  ExtendCommand(CommandRunner oneShot) {
    this.oneShot = oneShot;
  }

  @Override
  public Integer call() throws Exception {
    ExtensionRequest request = resume == null ? request() : null;
    CountDownLatch ended = new CountDownLatch(1);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stopAndAwait(ended)));
    try {
      return oneShot.run(
          CommandRunner.LOOKING, context -> extend(context.getBean(Extension.class), request));
    } finally {
      ended.countDown();
    }
  }

  /** On the way out, whether by a signal or at the end. */
  private void stopAndAwait(CountDownLatch ended) {
    stop.countDown();
    try {
      if (moving && !ended.await(STOP_SECONDS, TimeUnit.SECONDS)) {
        spec.commandLine().getErr().println("lapse: gave up waiting for the current batch");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private ExtensionRequest request() {
    try {
      return new ExtensionRequest(
          ids,
          dueWithin,
          overdue,
          where,
          by,
          to == null ? null : to.atOffset(ZoneOffset.UTC),
          reason,
          max,
          System.getProperty("user.name", "?"));
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
  }

  private int extend(Extension extension, @Nullable ExtensionRequest request) {
    PrintWriter out = spec.commandLine().getOut();
    if (dryRun && request != null) {
      Extension.Plan plan = extension.plan(request);
      out.printf(
          Locale.ROOT,
          "Deadlines that would move: %d%s. Nothing was moved.%n",
          plan.approvals(),
          plan.approvals() == 0 ? "" : ", from %s to %s".formatted(plan.first(), plan.last()));
      tell(extension.states(request.ids()), out);
      out.flush();
      if (plan.approvals() > request.max()) {
        spec.commandLine()
            .getErr()
            .printf(
                "lapse: without --dry-run nothing would move, because --max is %d: pass --max=%d or more%n",
                request.max(), plan.approvals());
        return 1;
      }
      return plan.approvals() < request.ids().size() ? 1 : 0;
    }
    Optional<String> grant = extension.missingPrivilege();
    if (grant.isPresent()) {
      spec.commandLine()
          .getErr()
          .printf(
              "lapse: this role may not move deadlines. Nothing was moved. As the owner of the"
                  + " table: %s%n",
              grant.get());
      return 1;
    }
    moving = true;
    Extension.Outcome outcome;
    try {
      LongConsumer quiet = moved -> {};
      outcome =
          request == null
              ? extension.resume(Objects.requireNonNull(resume), stop, quiet)
              : extension.run(request, stop, quiet);
    } catch (IllegalArgumentException e) {
      spec.commandLine().getErr().println("lapse: " + e.getMessage());
      return 1;
    }
    out.printf(
        Locale.ROOT,
        "%s: %d. Extension: %s%n",
        outcome.stopped() ? "Stopped. Deadlines moved" : "Deadlines moved",
        outcome.moved(),
        outcome.id());
    out.flush();
    return tell(extension, request, outcome);
  }

  private int tell(
      Extension extension, @Nullable ExtensionRequest request, Extension.Outcome outcome) {
    PrintWriter err = spec.commandLine().getErr();
    if (outcome.stopped()) {
      err.printf("To resume: lapse extend --resume=%s%n", outcome.id());
    }
    if (!outcome.refused().isEmpty()) {
      err.printf(
          "lapse: deadlines that the database does not let move: %d%n", outcome.refused().size());
      tell(outcome.refused(), err);
    }
    long held = outcome.left() - outcome.refused().size();
    if (held > 0) {
      err.printf(
          "lapse: other sessions hold approvals that are selected: %d. Run the command again.%n",
          held);
    }
    int missing = 0;
    if (request != null && outcome.moved() < request.ids().size()) {
      missing = 1;
      err.println("lapse: not all of the deadlines have moved. Now:");
      tell(extension.states(request.ids()), err);
    }
    err.flush();
    return outcome.stopped() || outcome.left() > 0 || missing > 0 ? 1 : 0;
  }

  private static void tell(List<String> lines, PrintWriter to) {
    lines.stream().limit(LISTED).forEach(line -> to.println("  " + line));
    if (lines.size() > LISTED) {
      to.printf("  … and %d more%n", lines.size() - LISTED);
    }
  }
}
