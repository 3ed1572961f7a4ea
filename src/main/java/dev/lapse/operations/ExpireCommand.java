package dev.lapse.operations;

import dev.lapse.expiration.Sweep;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** One sweep. */
@Command(
    name = "expire",
    description = {
      "Expire everything that is due now, print how many, and exit.",
      "Publishing is left to the running service."
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {
      "  lapse expire --dry-run    # what would expire; changes nothing, not even the schema",
      "  lapse expire"
    })
final class ExpireCommand implements Callable<Integer> {

  /** Approvals that a dry run lists; it counts them all. */
  private static final int LISTED = 20;

  @Option(names = "--dry-run", description = "Say what would expire and change nothing.")
  private boolean dryRun;

  private final OneShot oneShot;

  @Spec private CommandSpec spec;

  ExpireCommand(OneShot oneShot) {
    this.oneShot = oneShot;
  }

  @Override
  public Integer call() throws Exception {
    // Not even the schema: what would expire can be asked before anything is set up.
    return oneShot.run(
        dryRun ? List.of("--spring.flyway.enabled=false", "--lapse.check.tables=false") : List.of(),
        context -> {
          run(context.getBean(Sweep.class), spec.commandLine().getOut());
          return 0;
        });
  }

  private void run(Sweep sweep, PrintWriter out) {
    if (dryRun) {
      long due = sweep.count();
      out.printf("Would expire %d approvals. Nothing was changed.%n", due);
      sweep.list(LISTED).forEach(line -> out.printf("  %s%n", line));
      if (due > LISTED) {
        out.printf("  … and %d more%n", due - LISTED);
      }
    } else {
      out.printf("Expired %d approvals.%n", sweep.run().expired());
    }
    out.flush();
  }
}
