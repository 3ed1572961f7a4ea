package dev.lapse.operations.cli;

import dev.lapse.pause.Part;
import dev.lapse.pause.Pauses;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import org.springframework.jdbc.core.simple.JdbcClient;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Lets a part go on that a person or the storm guard has paused. */
@Command(
    name = "resume",
    description = {
      "Resume expiry, the ladder or publishing on all instances, within about a second.",
      "If the mass-expiry protection paused expiry, this confirms that all overdue approvals may"
          + " expire. Check them first: lapse expire --dry-run. Or move their deadlines: lapse extend"
          + " --overdue"
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {"  lapse expire --dry-run", "  lapse resume expiration"})
final class ResumeCommand implements Callable<Integer> {

  @Parameters(paramLabel = "PART", description = "One of: ${COMPLETION-CANDIDATES}.")
  private Part part = Part.EXPIRATION;

  private final CommandRunner oneShot;

  @Spec private CommandSpec spec;

  ResumeCommand(CommandRunner oneShot) {
    this.oneShot = oneShot;
  }

  @Override
  public Integer call() throws Exception {
    return oneShot.run(
        CommandRunner.UNCONDITIONALLY,
        context -> {
          boolean rested = new Pauses(context.getBean(JdbcClient.class)).resume(part);
          PrintWriter out = spec.commandLine().getOut();
          out.printf(rested ? "%s resumed.%n" : "%s was not paused.%n", part.word());
          out.flush();
          return 0;
        });
  }
}
