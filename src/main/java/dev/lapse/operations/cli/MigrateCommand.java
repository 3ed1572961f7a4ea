package dev.lapse.operations.cli;

import dev.lapse.approvals.ApprovalsCheck;
import dev.lapse.approvals.ApprovalsTable;
import dev.lapse.schema.MigrationFiles;
import dev.lapse.schema.ShortLocks;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.MigrationInfo;
import org.springframework.context.ApplicationContext;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Brings the schema up to date and ends, or prints what would. */
@Command(
    name = "migrate",
    description = {
      "Bring the schema up to date and exit. For use with a role that owns the schema.",
      "The service does the same when it starts, unless spring.flyway.enabled=false."
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {
      "  SPRING_DATASOURCE_USERNAME=lapse_owner lapse migrate",
      "  lapse run --spring.flyway.enabled=false",
      "  lapse migrate --print > lapse.sql          # for your own migration tool",
      "  lapse migrate --print --after=9 > new.sql  # what a newer version adds"
    })
final class MigrateCommand implements Callable<Integer> {

  private static final String SHORTLY =
      """
      -- %%s

      -- If a lock is not available within 3 s the statement fails, so that writers do not wait. Run it again.
      SET %s;

      %%s
      RESET lock_timeout;

      """
          .formatted(ShortLocks.LOCK_TIMEOUT);

  private final CommandRunner oneShot;

  @Option(
      names = "--print",
      description = {
        "Print the SQL instead, for psql or another tool. Its statement CREATE INDEX CONCURRENTLY"
            + " must run outside of a transaction. Needs the database only if lapse.approvals.*"
            + " is set."
      })
  private boolean print;

  @Option(
      names = "--after",
      paramLabel = "VERSION",
      description = "Print only what came after this version.")
  private int after;

  @Option(
      names = "--optional",
      description = {
        "Print only the triggers of settings such as lapse.ladder, if these are set.",
        "Needs the database, migrated."
      })
  private boolean optional;

  @Spec private CommandSpec spec;

  MigrateCommand(CommandRunner oneShot) {
    this.oneShot = oneShot;
  }

  @Override
  public Integer call() throws Exception {
    if (optional && print) {
      return oneShot.run(CommandRunner.LOOKING, this::printOptional);
    }
    if (print) {
      return oneShot.isStandardTable() ? print(ApprovalsTable.standard()) : printForTheirTable();
    }
    if (after != 0) {
      throw new ParameterException(spec.commandLine(), "--after requires --print");
    }
    if (optional) {
      throw new ParameterException(spec.commandLine(), "--optional requires --print");
    }
    return oneShot.run(
        List.of("--spring.flyway.enabled=true"),
        context -> {
          MigrationInfo[] applied = context.getBean(Flyway.class).info().applied();
          PrintWriter out = spec.commandLine().getOut();
          out.printf(
              "The schema is up to date: version %s.%n", applied[applied.length - 1].getVersion());
          out.flush();
          return 0;
        });
  }

  /** A transaction each, beginning with the lock: so no writer waits for long, nor sees a half. */
  private int printOptional(ApplicationContext context) {
    PrintWriter out = spec.commandLine().getOut();
    context
        .getBean(ApprovalsCheck.class)
        .optInScripts()
        .forEach(
            (setting, script) ->
                out.printf(
                    SHORTLY, "Triggers of " + setting, "BEGIN;\n%s\nCOMMIT;\n".formatted(script)));
    out.flush();
    return 0;
  }

  private int printForTheirTable() throws Exception {
    List<String> settings = new ArrayList<>(CommandRunner.LOOKING);
    settings.add("--spring.main.lazy-initialization=true"); // nothing is migrated yet
    return oneShot.run(
        settings, context -> print(context.getBean(ApprovalsCheck.class).tableToMigrate()));
  }

  private int print(ApprovalsTable table) {
    PrintWriter out = spec.commandLine().getOut();
    for (MigrationFiles.MigrationFile file : MigrationFiles.after(after)) {
      out.printf(
          file.isTransaction() ? SHORTLY : "-- %s%n%n%s%n", file.name(), table.sql(file.sql()));
    }
    out.flush();
    return 0;
  }
}
