package dev.lapse.operations.cli;

import dev.lapse.console.Explanation;
import dev.lapse.console.Life;
import dev.lapse.problem.OneLine;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import org.springframework.context.ConfigurableApplicationContext;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

/** Prints the life of one approval, and why it expired or has not expired yet. */
@Command(
    name = "explain",
    description = {
      "Print the life of one approval, and why it expired or why it has not yet.",
      "Changes nothing: where an approval is overdue, expiring it is tried and rolled back."
    },
    mixinStandardHelpOptions = true,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:the approval was found",
      "1:there is no such approval, or the database did not answer",
      "2:wrong command line"
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  lapse explain 7d9f5c0e-4b7f-4b8e-9a57-0a4a1f0f3c11",
      "  lapse explain 4711 --json | jq -r .why"
    })
final class ExplainCommand implements Callable<Integer> {

  @Parameters(paramLabel = "ID", description = "The approval's id.")
  private String id = "";

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  private final CommandRunner oneShot;

  @Spec private CommandSpec spec;

  ExplainCommand(CommandRunner oneShot) {
    this.oneShot = oneShot;
  }

  @Override
  public Integer call() throws Exception {
    return oneShot.run(CommandRunner.LOOKING, this::explain);
  }

  private int explain(ConfigurableApplicationContext context) throws InterruptedException {
    Explanation life = context.getBean(Life.class).explain(id);
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      out.println(JsonMapper.builder().build().writeValueAsString(life));
    } else {
      print(life, out);
    }
    out.flush();
    return life.cause() == Explanation.Cause.ABSENT ? 1 : 0;
  }

  private static void print(Explanation life, PrintWriter out) {
    out.println(OneLine.of(life.why()));
    if (life.action() != null) {
      out.println("action: " + life.action());
    }
    for (Explanation.Moment moment : life.timeline()) {
      out.printf(
          "  %-30s %-10s %s%n",
          moment.at() == null ? "-" : moment.at(), moment.what(), moment.text());
    }
    if (life.note() != null) {
      out.println("note: " + life.note());
    }
  }
}
