package dev.lapse.operations;

import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.MigrationInfo;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Brings the schema up to date and ends. */
@Command(
    name = "migrate",
    description = {
      "Bring the schema up to date, and exit: for a role that may, where the service's may not.",
      "The service does the same at its start, unless spring.flyway.enabled=false."
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {
      "  SPRING_DATASOURCE_USERNAME=owner lapse migrate",
      "  lapse run --spring.flyway.enabled=false"
    })
final class MigrateCommand implements Callable<Integer> {

  private final OneShot oneShot;

  @Spec private CommandSpec spec;

  MigrateCommand(OneShot oneShot) {
    this.oneShot = oneShot;
  }

  @Override
  public Integer call() throws Exception {
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
}
