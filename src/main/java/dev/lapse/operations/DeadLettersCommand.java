package dev.lapse.operations;

import dev.lapse.outbox.DeadLetters;
import java.io.PrintWriter;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.context.ConfigurableApplicationContext;
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
    synopsisSubcommandLabel = "(list | requeue)")
final class DeadLettersCommand implements Runnable {

  /** Opens the application without its loops; null if that failed. */
  private final Function<List<String>, @Nullable ConfigurableApplicationContext> oneShot;

  @Spec private CommandSpec spec;

  DeadLettersCommand(Function<List<String>, @Nullable ConfigurableApplicationContext> oneShot) {
    this.oneShot = oneShot;
  }

  @Override
  public void run() {
    throw new picocli.CommandLine.ParameterException(
        spec.commandLine(), "Say what to do with them: list or requeue");
  }

  @Command(
      name = "list",
      description = "Print each with its outbox id, type, age and reason.",
      mixinStandardHelpOptions = true)
  int list() {
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
        });
  }

  @Command(
      name = "requeue",
      description = {
        "Ask the relay to publish these, and what waits behind them, in order.",
        "What Kafka still refuses becomes a dead letter again."
      },
      mixinStandardHelpOptions = true)
  int requeue(@ArgGroup(multiplicity = "1") Which which) {
    return with(
        (letters, out) ->
            out.printf(
                "Requeued %d dead letters; the running relay tries them within seconds.%n",
                letters.requeue(which.ids)));
  }

  static final class Which {

    @Option(names = "--all", required = true, description = "All of them.")
    boolean all;

    @Parameters(paramLabel = "ID", arity = "1..*", description = "Their outbox ids.")
    @Nullable List<Long> ids;
  }

  private interface Action {
    void run(DeadLetters letters, PrintWriter out);
  }

  private int with(Action action) {
    ConfigurableApplicationContext context = oneShot.apply(List.of());
    if (context == null) {
      return 1;
    }
    try (context) {
      PrintWriter out = spec.commandLine().getOut();
      action.run(context.getBean(DeadLetters.class), out);
      out.flush();
    }
    return 0;
  }
}
