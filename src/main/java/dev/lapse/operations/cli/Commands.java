package dev.lapse.operations.cli;

import dev.lapse.problem.Reasons;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.convert.DurationStyle;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.TypeConversionException;

/**
 * The command line. Options with a dot in their name, such as {@code --lapse.relay.name=a}, are
 * settings and go to Spring Boot; everything else is a command or an option of one.
 */
@Command(
    name = "lapse",
    description = "Expire overdue approvals in PostgreSQL and publish them to Kafka exactly once.",
    mixinStandardHelpOptions = true,
    versionProvider = Commands.Version.class,
    synopsisSubcommandLabel = "[COMMAND]",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:done",
      "1:failed, with the reason; audit, doctor: problems found; expire: paused, or some cannot expire",
      "2:usage error",
      "130, 143:stopped by Ctrl-C, by SIGTERM"
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  lapse expire --dry-run               # list what would expire now",
      "  lapse                                # run the service",
      "  lapse doctor                         # do PostgreSQL and Kafka meet the requirements?",
      "  lapse status --watch                 # the current state",
      "  lapse audit --against-kafka          # was every expiry delivered?",
      "  lapse help replay                    # help for one command",
      "  source <(lapse generate-completion)  # for bash and zsh",
      "Here lapse means: java -jar lapse.jar",
      "",
      "Settings are environment variables, or options with a dot in their name:",
      "  SPRING_DATASOURCE_URL, SPRING_DATASOURCE_USERNAME, SPRING_DATASOURCE_PASSWORD",
      "  LAPSE_KAFKA_BOOTSTRAP_SERVERS",
      "  --spring.datasource.url=… and so on. All of them: docs/reference/configuration.md"
    })
public final class Commands implements Callable<Integer> {

  private static final Pattern SETTING =
      Pattern.compile("--[A-Za-z0-9-]+(\\.[^=]+)+(=.*)?", Pattern.DOTALL);

  /** The service was started and goes on in its own threads. */
  private static final int SERVING = -1;

  private final CommandRunner oneShot;

  private Commands(CommandRunner oneShot) {
    this.oneShot = oneShot;
  }

  /** Runs what {@code args} ask for; ends the process unless that is the service. */
  public static void main(Class<?> application, String[] args) {
    int exitCode = execute(application, null, args);
    if (exitCode != SERVING) {
      System.exit(exitCode);
    }
  }

  /**
   * Runs what {@code args} ask for, and leaves the process as it is. A command logs to standard
   * error, so that a program can read what it prints.
   *
   * @param out what the command prints goes there; null for standard output
   * @return the exit code, or -1 if the service was started and goes on in its own threads
   */
  public static int execute(Class<?> application, @Nullable PrintWriter out, String... args) {
    List<String> settings = new ArrayList<>();
    List<String> words = new ArrayList<>();
    for (String arg : args) {
      (SETTING.matcher(arg).matches() ? settings : words).add(arg);
    }
    picocli.CommandLine commands = of(new CommandRunner(application, settings));
    return commands
        .setOut(out == null ? commands.getOut() : out)
        .setExecutionExceptionHandler(Commands::explain)
        .execute(words.toArray(String[]::new));
  }

  /** All commands, for whoever wants to run or to describe them. */
  static picocli.CommandLine of(CommandRunner oneShot) {
    Commands root = new Commands(oneShot);
    return new picocli.CommandLine(root)
        .addSubcommand("run", root.new Run())
        .addSubcommand("expire", new ExpireCommand(oneShot))
        .addSubcommand("extend", new ExtendCommand(oneShot))
        .addSubcommand("status", new StatusCommand(oneShot))
        .addSubcommand("explain", new ExplainCommand(oneShot))
        .addSubcommand("audit", new AuditCommand(oneShot))
        .addSubcommand("doctor", new DoctorCommand(oneShot))
        .addSubcommand("replay", new ReplayCommand(oneShot))
        .addSubcommand("dead-letters", new DeadLettersCommand(oneShot))
        .addSubcommand("pause", new PauseCommand(oneShot))
        .addSubcommand("resume", new ResumeCommand(oneShot))
        .addSubcommand("migrate", new MigrateCommand(oneShot))
        .addSubcommand("generate-completion", new AutoComplete.GenerateCompletion())
        .addSubcommand("help", new picocli.CommandLine.HelpCommand())
        .setCaseInsensitiveEnumValuesAllowed(true)
        .registerConverter(Duration.class, Commands::duration)
        .registerConverter(Instant.class, Commands::instant);
  }

  private static Duration duration(String text) {
    try {
      return DurationStyle.detectAndParse(text);
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException(
          "Invalid duration \"%s\". Examples: 90s, 5m, 2h".formatted(text));
    }
  }

  private static Instant instant(String text) {
    try {
      return OffsetDateTime.parse(text).toInstant();
    } catch (DateTimeParseException e) {
      throw new TypeConversionException(
          "Invalid timestamp \"%s\". Examples: 2026-11-25T08:00:00Z, 2026-11-25T09:00:00+01:00"
              .formatted(text));
    }
  }

  private static int explain(
      Exception failure, picocli.CommandLine command, picocli.CommandLine.ParseResult parsed) {
    command.getErr().println("lapse: failed: " + Reasons.of(failure));
    return 1;
  }

  /** Without a command, the service. */
  @Override
  public Integer call() {
    return new Run().call();
  }

  @Command(
      name = "run",
      description =
          "Run the service until it is stopped: expire approvals on time and publish. The default.",
      mixinStandardHelpOptions = true)
  private final class Run implements Callable<Integer> {

    @Override
    public Integer call() {
      return oneShot.service() == null ? 1 : SERVING;
    }
  }

  static final class Version implements picocli.CommandLine.IVersionProvider {

    @Override
    public String[] getVersion() {
      String version = Commands.class.getPackage().getImplementationVersion();
      return new String[] {"lapse " + (version == null ? "(unpackaged)" : version)};
    }
  }
}
