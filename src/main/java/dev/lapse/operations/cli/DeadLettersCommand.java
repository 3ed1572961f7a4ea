package dev.lapse.operations.cli;

import dev.lapse.outbox.DeadLetters;
import java.io.PrintWriter;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Lists the dead letters, and asks the running relay to try them again. */
@Command(
    name = "dead-letters",
    description =
        "List or retry events that Kafka rejected; later events of the same key wait for them.",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "(list | requeue)",
    footerHeading = "%nExamples:%n",
    footer = {
      "  lapse dead-letters list              # the events, the reasons and the times",
      "  lapse dead-letters requeue 4711      # after the cause is fixed",
      "  lapse dead-letters requeue --all"
    })
final class DeadLettersCommand implements Runnable {

  private final CommandRunner oneShot;

  @Spec private CommandSpec spec;

  DeadLettersCommand(CommandRunner oneShot) {
    this.oneShot = oneShot;
  }

  @Override
  public void run() {
    throw new picocli.CommandLine.ParameterException(
        spec.commandLine(), "Missing subcommand: list or requeue");
  }

  @Command(
      name = "list",
      description = "Print the outbox id, type, time and reason of each dead letter.",
      mixinStandardHelpOptions = true)
  int list() throws Exception {
    return with(
        (letters, out) -> {
          List<DeadLetters.Row> rows = letters.list();
          out.printf("Dead letters: %d%n", rows.size());
          for (DeadLetters.Row row : rows) {
            out.printf(
                "  %d  %s  rejected %s%s%n      %s%n",
                row.id(),
                row.type(),
                row.refusedAt(),
                row.requeuedAt() == null ? "" : "  requeued " + row.requeuedAt(),
                row.reason());
          }
          return 0;
        });
  }

  @Command(
      name = "requeue",
      description = {
        "Ask the relay to publish these events and those that wait for them, in order.",
        "An event that Kafka still rejects becomes a dead letter again."
      },
      mixinStandardHelpOptions = true,
      exitCodeListHeading = "%nExit codes:%n",
      exitCodeList = {
        "0:all of them are requeued",
        "1:failed, or an id is not a dead letter; the others are requeued",
        "2:usage error"
      })
  int requeue(@ArgGroup(multiplicity = "1") Which which) throws Exception {
    return with(
        (letters, out) -> {
          List<Long> absent = which.ids == null ? List.of() : letters.absent(which.ids);
          out.printf(
              "Dead letters requeued: %d. The running relay retries them within seconds.%n",
              letters.requeue(which.ids));
          out.flush();
          if (absent.isEmpty()) {
            return 0;
          }
          spec.commandLine()
              .getErr()
              .printf(
                  "lapse: not a dead letter: %s. To list them: lapse dead-letters list%n",
                  absent.stream().map(String::valueOf).collect(Collectors.joining(", ")));
          return 1;
        });
  }

  static final class Which {

    @Option(names = "--all", required = true, description = "Requeue all.")
    boolean all;

    @Parameters(paramLabel = "ID", arity = "1..*", description = "Outbox ids of dead letters.")
    @Nullable List<Long> ids;
  }

  private interface Action {
    int run(DeadLetters letters, PrintWriter out);
  }

  private int with(Action action) throws Exception {
    return oneShot.run(
        CommandRunner.UNCONDITIONALLY,
        context -> {
          PrintWriter out = spec.commandLine().getOut();
          int exitCode = action.run(context.getBean(DeadLetters.class), out);
          out.flush();
          return exitCode;
        });
  }
}
