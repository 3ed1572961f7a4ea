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
      "Let expiring or publishing go on, in all instances, within about a second.",
      "Where the storm guard paused expiring, this confirms that all of it may expire: look first,"
          + " with lapse expire --dry-run."
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {"  lapse expire --dry-run", "  lapse resume expiration"})
final class ResumeCommand implements Callable<Integer> {

  @Parameters(paramLabel = "PART", description = "What: ${COMPLETION-CANDIDATES}.")
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
          out.printf(rested ? "%s goes on.%n" : "%s was not paused.%n", part.word());
          out.flush();
          return 0;
        });
  }
}
