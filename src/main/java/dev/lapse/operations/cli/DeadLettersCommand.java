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
    description = "Events that Kafka refuses, and behind which their keys wait.",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "(list | requeue)",
    footerHeading = "%nExamples:%n",
    footer = {
      "  lapse dead-letters list              # which, why, since when",
      "  lapse dead-letters requeue 4711      # once the cause is mended",
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
        spec.commandLine(), "Say what to do with them: list or requeue");
  }

  @Command(
      name = "list",
      description = "Print each with its outbox id, type, when it was refused, and why.",
      mixinStandardHelpOptions = true)
  int list() throws Exception {
    return with(
        (letters, out) -> {
          List<DeadLetters.Row> rows = letters.list();
          out.printf("%d dead letters.%n", rows.size());
          for (DeadLetters.Row row : rows) {
            out.printf(
                "  %d  %s  refused %s%s%n      %s%n",
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
        "Ask the relay to publish these, and what waits behind them, in order.",
        "What Kafka still refuses becomes a dead letter again."
      },
      mixinStandardHelpOptions = true,
      exitCodeListHeading = "%nExit codes:%n",
      exitCodeList = {
        "0:the relay has been asked for all of them",
        "1:failed, or there is no such dead letter; the others are requeued",
        "2:wrong command line"
      })
  int requeue(@ArgGroup(multiplicity = "1") Which which) throws Exception {
    return with(
        (letters, out) -> {
          List<Long> absent = which.ids == null ? List.of() : letters.absent(which.ids);
          out.printf(
              "Requeued %d dead letters; the running relay tries them within seconds.%n",
              letters.requeue(which.ids));
          out.flush();
          if (absent.isEmpty()) {
            return 0;
          }
          spec.commandLine()
              .getErr()
              .printf(
                  "lapse: there is no dead letter %s. See which there are: lapse dead-letters list%n",
                  absent.stream().map(String::valueOf).collect(Collectors.joining(", ")));
          return 1;
        });
  }

  static final class Which {

    @Option(names = "--all", required = true, description = "All of them.")
    boolean all;

    @Parameters(paramLabel = "ID", arity = "1..*", description = "Their outbox ids.")
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
