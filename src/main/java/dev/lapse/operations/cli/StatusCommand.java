package dev.lapse.operations.cli;

import dev.lapse.outbox.Checkpoints;
import dev.lapse.outbox.OriginSource;
import dev.lapse.status.Status;
import dev.lapse.status.StatusReader;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.springframework.context.ConfigurableApplicationContext;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

/** Tells where things stand, once or again and again. */
@Command(
    name = "status",
    description = {
      "Show the current state: pending and overdue approvals, publish position, leader, errors.",
      "Changes nothing. The publish position is from the relay's checkpoint, a few seconds old."
    },
    mixinStandardHelpOptions = true,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:PostgreSQL answered; the output says whether Kafka did",
      "1:PostgreSQL did not answer",
      "2:usage error"
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  lapse status",
      "  lapse status --watch --interval=1s",
      "  lapse status --json | jq .database.backlog.count"
    })
final class StatusCommand implements Callable<Integer> {

  private static final String CLEAR_SCREEN = "\033[H\033[2J";

  @Option(names = "--json", description = "Print JSON, one object per line.")
  private boolean json;

  @Option(names = "--watch", description = "Refresh until Ctrl-C.")
  private boolean watch;

  @Option(
      names = "--interval",
      paramLabel = "DURATION",
      defaultValue = "2s",
      description = "Time between two refreshes. Default: ${DEFAULT-VALUE}.")
  private Duration interval = Duration.ofSeconds(2);

  private final CommandRunner oneShot;

  @Spec private CommandSpec spec;

  StatusCommand(CommandRunner oneShot) {
    this.oneShot = oneShot;
  }

  @Override
  public Integer call() throws Exception {
    if (interval.compareTo(Duration.ofMillis(100)) < 0) {
      throw new ParameterException(spec.commandLine(), "--interval: set it to 100ms or more");
    }
    List<String> settings = new ArrayList<>(CommandRunner.LOOKING);
    settings.add("--logging.level.root=error"); // failures are part of the output
    return oneShot.run(settings, this::tell);
  }

  private int tell(ConfigurableApplicationContext context) throws InterruptedException {
    StatusReader reader = context.getBean(StatusReader.class);
    Status status = reader.read();
    print(status);
    while (watch) {
      TimeUnit.NANOSECONDS.sleep(interval.toNanos());
      status = reader.read();
      print(status);
    }
    return status.database() == null ? 1 : 0;
  }

  private void print(Status status) {
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      out.println(JsonMapper.builder().build().writeValueAsString(status));
    } else {
      if (watch) {
        out.printf(
            "%s%s%n",
            Terminal.isAttached() ? CLEAR_SCREEN : "",
            OffsetDateTime.now(ZoneId.systemDefault()).truncatedTo(ChronoUnit.SECONDS));
      }
      lines(status).forEach(out::println);
    }
    out.flush();
  }

  private static List<String> lines(Status status) {
    List<String> lines = new ArrayList<>();
    if (status.database() == null) {
      lines.add("PostgreSQL does not answer: " + status.databaseFailure());
    } else {
      Status.Database database = status.database();
      lines.add(line("pending", database.pending(), nextDue(database)));
      lines.add(
          line(
              "overdue",
              database.due(),
              database.overdueSeconds() == null
                  ? null
                  : "longest for " + seconds(database.overdueSeconds())));
      lines.add(line("expired today", database.expiredToday(), null));
      lines.add(
          line(
              "backlog",
              database.backlog(),
              database.oldestUnpublishedSeconds() == null
                  ? null
                  : "oldest " + seconds(database.oldestUnpublishedSeconds())));
      lines.add(line("late-committing", database.stragglers(), null));
      lines.add(
          database.publishedId() == null || database.checkpointSeconds() == null
              ? line("published up to", "-", "the relay has written no checkpoint yet")
              : line(
                  "published up to",
                  database.publishedId(),
                  "checkpoint written %s ago".formatted(seconds(database.checkpointSeconds()))));
      lines.add(
          line(
              "dead letters",
              database.deadLetters(),
              database.deadLetters() == 0 ? null : "see: lapse dead-letters list"));
    }
    if (status.database() != null) {
      for (Status.Paused paused : status.database().paused()) {
        lines.add(line("PAUSED", paused.part(), paused.reason() + ", since " + paused.since()));
      }
      for (Checkpoints.Stale stopped : status.database().stopped()) {
        lines.add(
            line(
                "STALE CHECKPOINT",
                "relay " + stopped.relay(),
                "blocks purging: " + stopped.action()));
      }
    }
    if (status.database() != null) {
      lines.addAll(warnings(status.database()));
    }
    if (status.relay() == null) {
      lines.add(line("leader", "?", status.kafkaFailure()));
    } else {
      Status.Member leader = status.relay().leader();
      lines.add(line("leader", leader == null ? "none" : leader, null));
      lines.add(line("standbys", status.relay().standbys().size(), null));
      status.relay().standbys().forEach(standby -> lines.add(line("", standby, null)));
    }
    return lines;
  }

  private static List<String> warnings(Status.Database database) {
    List<String> lines = new ArrayList<>();
    if (database.originSource() == OriginSource.TRANSACTIONS) {
      lines.add(
          line("position by", "transaction ids", "PostgreSQL's WAL functions cannot be used"));
    }
    Status.Transaction oldest = database.oldestTransaction();
    if (oldest != null && oldest.seconds() > 60) {
      lines.add(
          line(
              "transaction",
              "open for " + seconds(oldest.seconds()),
              "pid %s %s, %s; holds back vacuum"
                  .formatted(
                      oldest.pid() == null ? "-" : oldest.pid(),
                      oldest.application(),
                      oldest.state())));
    }
    for (Status.LastError error : database.lastErrors()) {
      lines.add(
          line(
              "last error",
              error.loop(),
              "%s on %s: %s".formatted(error.at(), error.instance(), error.reason())));
    }
    return lines;
  }

  private static @Nullable String nextDue(Status.Database database) {
    return database.nextDueSeconds() == null
        ? null
        : "next deadline in %s, at %s"
            .formatted(seconds(database.nextDueSeconds()), database.nextDue());
  }

  private static String line(String name, Object value, @Nullable String more) {
    return "%-16s %s%s".formatted(name, value, more == null ? "" : "   (" + more + ")");
  }

  private static String seconds(double seconds) {
    return seconds < 120
        ? String.format(Locale.ROOT, "%.1f s", seconds)
        : Terminal.duration(Duration.ofSeconds((long) seconds));
  }
}
