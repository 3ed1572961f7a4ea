package dev.lapse.operations.cli;

import dev.lapse.doctor.Checkup;
import dev.lapse.doctor.Diagnosis;
import dev.lapse.doctor.KafkaDoctor;
import dev.lapse.doctor.Standstill;
import dev.lapse.kafka.KafkaAccess;
import dev.lapse.kafka.KafkaSettings;
import dev.lapse.outbox.OutboxIdentities;
import dev.lapse.outbox.OutboxReader;
import dev.lapse.relay.RelayName;
import dev.lapse.relay.RelaySettings;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import javax.sql.DataSource;
import org.springframework.context.ApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

/** Asks the servers for all that the service needs of them. */
@Command(
    name = "doctor",
    description = {
      "Check that PostgreSQL and Kafka meet Lapse's requirements, and show how to fix what does"
          + " not.",
      "Run it with the settings and the roles of the service. Changes nothing."
    },
    mixinStandardHelpOptions = true,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {"0:all checks passed", "1:some checks failed", "2:usage error"},
    footerHeading = "%nExamples:%n",
    footer = {"  lapse doctor", "  lapse doctor --json | jq '.checks[] | select(.holds | not)'"})
final class DoctorCommand implements Callable<Integer> {

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  private final CommandRunner oneShot;

  @Spec private CommandSpec spec;

  DoctorCommand(CommandRunner oneShot) {
    this.oneShot = oneShot;
  }

  @Override
  public Integer call() throws Exception {
    List<String> settings = new ArrayList<>(CommandRunner.LOOKING);
    settings.add("--spring.main.lazy-initialization=true"); // what checks would end it
    settings.add("--logging.level.root=error"); // it is about to be said
    return oneShot.run(
        settings,
        context -> {
          Report report = Report.of(ask(context));
          print(report, spec.commandLine().getOut());
          return report.holds() ? 0 : 1;
        });
  }

  private static List<Diagnosis> ask(ApplicationContext context) {
    List<Diagnosis> checks = new ArrayList<>(context.getBean(Checkup.class).run());
    if (isMigrated(checks)) {
      checks.addAll(new Standstill(context.getBean(JdbcClient.class)).run());
    }
    RelaySettings relay = context.getBean(RelaySettings.class);
    checks.addAll(
        new KafkaDoctor(
                context.getBean(KafkaAccess.class),
                relay.name(),
                Set.copyOf(relay.topics().values()))
            .run());
    checks.add(relayName(context, checks));
    return checks;
  }

  private static boolean isMigrated(List<Diagnosis> checks) {
    return checks.stream().anyMatch(check -> check.name().equals("migrations") && check.holds());
  }

  /** Whether this outbox may publish under the configured name; asked only if all else holds. */
  private static Diagnosis relayName(ApplicationContext context, List<Diagnosis> before) {
    RelaySettings relay = context.getBean(RelaySettings.class);
    if (!before.stream().allMatch(Diagnosis::holds)) {
      return Diagnosis.warns(
          "relay-name",
          relay.name() + ", not checked",
          "Whether another outbox publishes under it is not known.",
          "Fix what fails above, then run lapse doctor again.");
    }
    return Diagnosis.of(
        "relay-name",
        () ->
            new RelayName(
                    context.getBean(KafkaSettings.class),
                    relay,
                    new OutboxIdentities(context.getBean(JdbcClient.class)),
                    new OutboxReader(
                        context.getBean(DataSource.class), 1, relay.pageSize().toBytes()))
                .conflict()
                .map(
                    conflict ->
                        Diagnosis.fails(
                            "relay-name", conflict.what(), conflict.why(), conflict.action()))
                .orElseGet(() -> Diagnosis.holds("relay-name", relay.name())));
  }

  /**
   * @param holds whether everything does
   */
  record Report(boolean holds, List<Diagnosis> checks) {

    static Report of(List<Diagnosis> checks) {
      return new Report(checks.stream().allMatch(Diagnosis::holds), checks);
    }
  }

  private void print(Report report, PrintWriter out) {
    if (json) {
      out.println(JsonMapper.builder().build().writeValueAsString(report));
    } else {
      report.checks().forEach(check -> print(check, out));
      out.println(report.holds() ? "All checks passed." : "Some checks failed.");
    }
    out.flush();
  }

  private static void print(Diagnosis check, PrintWriter out) {
    String verdict = check.why() == null ? "ok    " : check.holds() ? "NOTE  " : "WRONG ";
    out.printf("%s  %s: %s%n", verdict, check.name(), check.seen());
    if (check.why() != null) {
      out.printf(
          "          %s%n          %s%n",
          check.why(), String.valueOf(check.action()).replace("\n", "\n          "));
    }
  }
}
