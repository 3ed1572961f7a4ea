package dev.lapse.operations.cli;

import dev.lapse.approvals.ApprovalsCheck;
import dev.lapse.doctor.Checkup;
import dev.lapse.doctor.Diagnosis;
import dev.lapse.doctor.Standstill;
import dev.lapse.expiration.Refusal;
import dev.lapse.expiration.Sweep;
import dev.lapse.expiration.Swept;
import dev.lapse.expiration.Trial;
import dev.lapse.pause.Pause;
import dev.lapse.pause.Pauses;
import dev.lapse.platform.DatabaseProbe;
import dev.lapse.problem.OneLine;
import dev.lapse.problem.Problem;
import java.io.PrintWriter;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.springframework.context.ApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** One sweep. */
@Command(
    name = "expire",
    description = {
      "Expire all overdue approvals once, print how many, and exit.",
      "Brings the schema up to date first, unless spring.flyway.enabled=false or --dry-run.",
      "The running service publishes the events."
    },
    mixinStandardHelpOptions = true,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:no overdue approvals are left, except rows that are locked",
      "1:failed, expiry is paused, or some approvals cannot expire; those are listed",
      "2:usage error"
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  lapse expire --dry-run    # list them; changes nothing, not even the schema",
      "  lapse expire"
    })
final class ExpireCommand implements Callable<Integer> {

  /** Approvals that are listed; all are counted. */
  private static final int LISTED = 20;

  @Option(names = "--dry-run", description = "List what would expire and change nothing.")
  private boolean dryRun;

  private final CommandRunner oneShot;

  @Spec private CommandSpec spec;

  ExpireCommand(CommandRunner oneShot) {
    this.oneShot = oneShot;
  }

  @Override
  public Integer call() throws Exception {
    // Not even the schema: what would expire can be asked before anything is set up.
    return oneShot.run(
        dryRun ? settingsOfDryRun() : List.of("--lapse.check.expiring=true"),
        context -> {
          PrintWriter out = spec.commandLine().getOut();
          if (dryRun && tellUnfit(context.getBean(DatabaseProbe.class), out)) {
            return 1;
          }
          Sweep sweep = context.getBean(Sweep.class);
          int exitCode = dryRun ? tell(sweep, context, out) : expire(sweep, out);
          out.flush();
          return exitCode;
        });
  }

  /** There may be no index yet, so that it walks over the whole table, however long that takes. */
  private static List<String> settingsOfDryRun() {
    List<String> settings = new ArrayList<>(CommandRunner.UNCONDITIONALLY);
    settings.add("--spring.datasource.hikari.data-source-properties.socketTimeout=0");
    settings.add("--spring.jdbc.template.query-timeout=0s");
    settings.add("--lapse.database.statement-timeout=0");
    return settings;
  }

  private static int tell(Sweep sweep, ApplicationContext context, PrintWriter out) {
    long due = sweep.count();
    out.printf("Approvals that would expire: %d. Nothing was changed.%n", due);
    sweep.list(LISTED).forEach(line -> out.printf("  %s%n", line));
    if (due > LISTED) {
      out.printf("  … and %d more%n", due - LISTED);
    }
    return check(context, out) ? 0 : 1;
  }

  /** Whether this is no database that Lapse works with; it is not asked anything else then. */
  private static boolean tellUnfit(DatabaseProbe probe, PrintWriter out) throws SQLException {
    List<Problem> problems = probe.findings().stream().map(DatabaseProbe.Finding::problem).toList();
    tell(problems, out);
    out.flush();
    return !problems.isEmpty();
  }

  private static void tell(List<Problem> problems, PrintWriter out) {
    for (Problem problem : problems) {
      out.printf(
          "WRONG   %s%n        %s%n        %s%n",
          problem.what(), problem.why(), problem.action().replace("\n", "\n        "));
    }
  }

  /** Whether a sweep would do it: what the start would refuse, and a trial that is rolled back. */
  private static boolean check(ApplicationContext context, PrintWriter out) {
    List<Problem> problems = context.getBean(ApprovalsCheck.class).problemsOfTheTable();
    tell(problems, out);
    if (!problems.isEmpty()) {
      return false;
    }
    List<Diagnosis> doubts = Checkup.doubts(context.getBean(ApprovalsCheck.class).doubts());
    List<Diagnosis> tried =
        new ArrayList<>(doubts.stream().filter(check -> check.why() != null).toList());
    tried.addAll(Checkup.tried(context.getBean(Trial.class).run()));
    if (Pauses.canBe(context.getBean(JdbcClient.class))) {
      Diagnosis pause = new Standstill(context.getBean(JdbcClient.class)).expiration();
      if (!pause.holds()) {
        tried.add(pause);
      }
    }
    for (Diagnosis check : tried) {
      out.printf(
          "%s  %s%n",
          !check.holds() ? "WRONG " : check.name().equals("trial") ? "Trial:" : "NOTE  ",
          check.seen());
      if (check.why() != null) {
        out.printf("        %s%n        %s%n", check.why(), check.action());
      }
    }
    return tried.stream().allMatch(Diagnosis::holds);
  }

  private int expire(Sweep sweep, PrintWriter out) {
    Swept swept = sweep.run();
    out.printf("Approvals expired: %d%n", swept.expired());
    out.flush();
    PrintWriter err = spec.commandLine().getErr();
    List<Refusal> refused = sweep.refused();
    if (!refused.isEmpty()) {
      tellRefused(refused, err);
    }
    if (swept.paused()) {
      err.printf(
          "lapse: expiry is paused (%s). To list what would expire: lapse expire --dry-run. To move"
              + " deadlines instead: lapse extend --overdue. To resume: lapse resume expiration%n",
          sweep.pause().map(Pause::reason).orElse("resumed meanwhile"));
    }
    return swept.paused() || !refused.isEmpty() ? 1 : 0;
  }

  private static void tellRefused(List<Refusal> refused, PrintWriter err) {
    err.printf(
        "lapse: approvals that the database does not let expire: %d. Fix the reasons and run this"
            + " command again:%n",
        refused.size());
    refused.stream()
        .limit(LISTED)
        .forEach(refusal -> err.printf("  %s: %s%n", OneLine.of(refusal.id()), refusal.reason()));
    if (refused.size() > LISTED) {
      err.printf("  … and %d more%n", refused.size() - LISTED);
    }
  }
}
