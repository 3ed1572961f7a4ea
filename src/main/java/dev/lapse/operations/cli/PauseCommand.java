package dev.lapse.operations.cli;

import dev.lapse.pause.Part;
import dev.lapse.pause.Pauses;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import org.springframework.jdbc.core.simple.JdbcClient;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Lets a part of all instances rest. */
@Command(
    name = "pause",
    description = {
      "Pause expiry, the ladder or publishing on all instances, within about a second.",
      "Nothing is lost: it resumes where it stopped."
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {
      "  lapse pause expiration --reason='expires_at is being corrected'",
      "  lapse pause relay",
      "  lapse resume relay"
    })
final class PauseCommand implements Callable<Integer> {

  @Parameters(paramLabel = "PART", description = "One of: ${COMPLETION-CANDIDATES}.")
  private Part part = Part.EXPIRATION;

  @Option(
      names = "--reason",
      paramLabel = "TEXT",
      defaultValue = "by hand",
      description = "The reason, shown by health and status. Default: ${DEFAULT-VALUE}.")
  private String reason = "by hand";

  private final CommandRunner oneShot;

  @Spec private CommandSpec spec;

  PauseCommand(CommandRunner oneShot) {
    this.oneShot = oneShot;
  }

  @Override
  public Integer call() throws Exception {
    return oneShot.run(
        CommandRunner.UNCONDITIONALLY,
        context -> {
          boolean ran = new Pauses(context.getBean(JdbcClient.class)).pause(part, reason);
          PrintWriter out = spec.commandLine().getOut();
          out.printf(
              ran ? "Paused %1$s. To resume: lapse resume %1$s%n" : "%s is already paused.%n",
              part.word());
          out.flush();
          return 0;
        });
  }
}
