package dev.lapse.operations.cli;

import dev.lapse.audit.Audit;
import dev.lapse.audit.Finding;
import dev.lapse.audit.KafkaAudit;
import dev.lapse.audit.KafkaFindings;
import dev.lapse.problem.Reasons;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.springframework.context.ConfigurableApplicationContext;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

/** Asks for every invariant, and with an option for every event in Kafka. */
@Command(
    name = "audit",
    description = {
      "Check the data for inconsistencies and report them.",
      "Changes nothing. The queries are the files in db/queries; psql can run them, too."
    },
    mixinStandardHelpOptions = true,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:no problems found",
      "1:problems were found, or a check failed",
      "2:usage error"
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  lapse audit",
      "  lapse audit --json | jq '.findings[] | select(.holds | not)'",
      "  lapse audit --against-kafka                # was every expiry delivered?",
      "  lapse audit --against-kafka --from-id=500000 --to-id=600000"
    })
final class AuditCommand implements Callable<Integer> {

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Option(
      names = "--against-kafka",
      description = {
        "Also read the event topics, as consumers do. Report events that are missing, duplicated"
            + " or out of order within their key."
      })
  private boolean againstKafka;

  @Option(
      names = "--from-id",
      paramLabel = "ID",
      description = "First outbox id to compare. Default: the oldest.")
  private @Nullable Long fromId;

  @Option(
      names = "--to-id",
      paramLabel = "ID",
      description = "Last outbox id to compare. Default: the last published.")
  private @Nullable Long toId;

  @Option(
      names = "--strict",
      description = {
        "Also report events of one key that different transactions wrote and that were published"
            + " out of order. Writers that lock the key, as those of approvals do, cause none."
            + " Without such a lock this order is not an error."
      })
  private boolean strict;

  @Option(
      names = "--timeout",
      paramLabel = "DURATION",
      defaultValue = "10m",
      description = "Time limit, such as 90s or 2h. Default: ${DEFAULT-VALUE}.")
  private Duration timeout = Duration.ofMinutes(10);

  private final CommandRunner oneShot;

  @Spec private CommandSpec spec;

  AuditCommand(CommandRunner oneShot) {
    this.oneShot = oneShot;
  }

  @Override
  public Integer call() throws Exception {
    check();
    return oneShot.run(settings(), this::audit);
  }

  /** What the database says is told first, and whatever becomes of the comparison. */
  private int audit(ConfigurableApplicationContext context) throws InterruptedException {
    List<Finding> findings = context.getBean(Audit.class).run();
    PrintWriter out = spec.commandLine().getOut();
    if (!json) {
      findings.forEach(finding -> print(finding, out));
      out.flush();
    }
    KafkaFindings kafka = null;
    String kafkaFailure = null;
    if (againstKafka) {
      try {
        kafka = context.getBean(KafkaAudit.class).run(fromId, toId, timeout, strict);
      } catch (RuntimeException e) {
        kafkaFailure = Reasons.of(e);
      }
    }
    Report report = Report.of(findings, kafka, kafkaFailure);
    print(report, out);
    out.flush();
    return report.holds() ? 0 : 1;
  }

  private void check() {
    if (!againstKafka && (fromId != null || toId != null || strict)) {
      throw new ParameterException(
          spec.commandLine(), "--from-id, --to-id and --strict require --against-kafka");
    }
    if (fromId != null && toId != null && fromId > toId) {
      throw new ParameterException(spec.commandLine(), "--from-id is above --to-id");
    }
    if (timeout.compareTo(Duration.ofSeconds(1)) < 0 || timeout.compareTo(Duration.ofDays(1)) > 0) {
      throw new ParameterException(spec.commandLine(), "--timeout: set it between 1s and 1d");
    }
  }

  private List<String> settings() {
    List<String> settings = new ArrayList<>(CommandRunner.LOOKING);
    settings.add("--lapse.audit.statement-timeout=" + timeout.toMillis() + "ms");
    // Seconds: a little more, so that it is the database that ends the query.
    settings.add(
        "--spring.datasource.hikari.data-source-properties.socketTimeout="
            + (timeout.toSeconds() + 10));
    settings.add("--lapse.database.statement-timeout=" + timeout.toMillis() + "ms");
    settings.add("--spring.jdbc.template.query-timeout=" + (timeout.toSeconds() + 5) + "s");
    if (json) {
      settings.add("--logging.level.root=error");
    }
    return settings;
  }

  /**
   * @param holds whether everything does
   * @param findings all invariants
   * @param kafka the comparison, if one was asked for and could be made
   * @param kafkaFailure why it could not be made
   */
  record Report(
      boolean holds,
      List<Finding> findings,
      @Nullable KafkaFindings kafka,
      @Nullable String kafkaFailure) {

    static Report of(
        List<Finding> findings, @Nullable KafkaFindings kafka, @Nullable String kafkaFailure) {
      return new Report(
          findings.stream().allMatch(Finding::holds)
              && (kafka == null || kafka.holds())
              && kafkaFailure == null,
          findings,
          kafka,
          kafkaFailure);
    }
  }

  private void print(Report report, PrintWriter out) {
    if (json) {
      out.println(JsonMapper.builder().build().writeValueAsString(report));
      return;
    }
    if (report.kafka() != null) {
      print(report.kafka(), out);
    }
    if (report.kafkaFailure() != null) {
      out.printf("failed  against-kafka: check failed: %s%n", report.kafkaFailure());
    }
    out.println(report.holds() ? "No problems found." : "Problems found.");
  }

  private static void print(Finding finding, PrintWriter out) {
    if (finding.notChecked() != null) {
      out.printf("-       %s: not checked: %s%n", finding.name(), finding.notChecked());
      return;
    }
    if (finding.holds()) {
      out.printf("ok      %s%n", finding.name());
      return;
    }
    if (finding.failure() != null) {
      out.printf("failed  %s: check failed: %s%n", finding.name(), finding.failure());
      return;
    }
    out.printf(
        "FOUND   %s: %s%d%n",
        finding.name(), finding.more() ? "more than " : "", finding.rows().size());
    out.printf("          %s%n", finding.meaning());
    finding
        .rows()
        .forEach(
            row -> {
              List<String> columns = new ArrayList<>();
              row.forEach((name, value) -> columns.add(name + "=" + value));
              out.printf("        - %s%n", String.join("  ", columns));
            });
    out.printf("          %s%n", finding.action());
  }

  private static void print(KafkaFindings kafka, PrintWriter out) {
    out.printf(
        Locale.ROOT,
        "%s  against-kafka: %,d compared, outbox ids %d to %d%n",
        kafka.holds() ? "ok    " : "FOUND ",
        kafka.events(),
        kafka.fromId(),
        kafka.toId());
    kafka
        .topics()
        .forEach(
            topic ->
                out.printf(
                    "          %s: %s%n",
                    topic.topic(),
                    !topic.present()
                        ? "the topic does not exist, or this role cannot see it"
                        : topic.compacted()
                            ? "compacted: missing events cannot be detected"
                            : topic.since() == null
                                ? "complete from its beginning"
                                : "complete since " + topic.since()));
    if (kafka.incomplete() != null) {
      out.printf("        - incomplete: %s%n", kafka.incomplete());
    }
    print("missing: published, but not in Kafka", kafka.missing(), out);
    print(
        "published twice, with the same ce_id (see \"Resuming from an earlier position\" in the log)",
        kafka.twice(),
        out);
    print("out of order: after a later event of the same key", kafka.outOfOrder(), out);
    print(
        "published after a later event of the same key that another transaction wrote",
        kafka.overtaken(),
        out);
    print("unknown: in Kafka, but not in the outbox", kafka.unknown(), out);
    print("not checked: older than the topic's retention", kafka.mayBeGone(), out);
    print("waiting after a dead letter of their key", kafka.waiting(), out);
    print("no longer in the outbox", kafka.purged(), out);
    print("published again by replays", kafka.replayed(), out);
  }

  private static void print(String what, KafkaFindings.Tally tally, PrintWriter out) {
    if (tally.getCount() > 0) {
      out.printf(
          "        - %d %s: outbox ids %s%s%n",
          tally.getCount(),
          what,
          tally.getFirst(),
          tally.getCount() > tally.getFirst().size() ? " …" : "");
    }
  }

  private static void print(String what, long count, PrintWriter out) {
    if (count > 0) {
      out.printf("        - %d %s%n", count, what);
    }
  }
}
