package dev.lapse.operations;

import dev.lapse.expiration.Sweep;
import dev.lapse.loop.Reasons;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * The command line. Options with a dot in their name, such as {@code --lapse.relay.name=a}, are
 * settings and go to Spring Boot; everything else is a command or an option of one.
 */
@Command(
    name = "lapse",
    description = "Approvals in PostgreSQL lapse on time; Kafka hears of each exactly once.",
    mixinStandardHelpOptions = true,
    versionProvider = CommandLine.Version.class,
    synopsisSubcommandLabel = "[run | expire | dead-letters]",
    footerHeading = "%nSettings:%n",
    footer = {
      "  SPRING_DATASOURCE_URL, SPRING_DATASOURCE_USERNAME, SPRING_DATASOURCE_PASSWORD",
      "  LAPSE_KAFKA_BOOTSTRAP_SERVERS",
      "as environment variables, or --spring.datasource.url=… and so on. The README lists them all.",
      "",
      "Exit codes: 0 done, 1 failed (the message says why), 2 wrong command line."
    })
public final class CommandLine implements Callable<Integer> {

  private static final Pattern SETTING =
      Pattern.compile("--[A-Za-z0-9-]+(\\.[^=]+)+(=.*)?", Pattern.DOTALL);

  private final Class<?> application;
  private final String[] settings;

  private CommandLine(Class<?> application, String[] settings) {
    this.application = application;
    this.settings = settings;
  }

  /** Runs what {@code args} ask for; ends the process unless that is the service. */
  public static void main(Class<?> application, String[] args) {
    List<String> settings = new ArrayList<>();
    List<String> words = new ArrayList<>();
    for (String arg : args) {
      (SETTING.matcher(arg).matches() ? settings : words).add(arg);
    }
    CommandLine root = new CommandLine(application, settings.toArray(String[]::new));
    int exitCode =
        new picocli.CommandLine(root)
            .addSubcommand("run", root.new Run())
            .addSubcommand("expire", root.new Expire())
            .addSubcommand("dead-letters", new DeadLettersCommand(root::oneShot))
            .setExecutionExceptionHandler(CommandLine::explain)
            .execute(words.toArray(String[]::new));
    if (exitCode != SERVING) {
      System.exit(exitCode);
    }
  }

  private static int explain(
      Exception failure, picocli.CommandLine command, picocli.CommandLine.ParseResult parsed) {
    command.getErr().println("lapse: failed: " + Reasons.of(failure));
    return 1;
  }

  /** The service was started and goes on in its own threads. */
  private static final int SERVING = -1;

  /** Without a command, the service. */
  @Override
  public Integer call() {
    return new Run().call();
  }

  @Command(
      name = "run",
      description = "Run the service: expire on time, publish, until stopped. The default.",
      mixinStandardHelpOptions = true)
  private final class Run implements Callable<Integer> {

    @Override
    public Integer call() {
      return start(new SpringApplicationBuilder(application), List.of()) == null ? 1 : SERVING;
    }
  }

  @Command(
      name = "expire",
      description = {
        "Expire everything that is due now, print how many, and exit.",
        "Publishing is left to the running service."
      },
      mixinStandardHelpOptions = true)
  private final class Expire implements Callable<Integer> {

    /** Approvals that a dry run lists; it counts them all. */
    private static final int LISTED = 20;

    @Option(names = "--dry-run", description = "Say what would expire and change nothing.")
    private boolean dryRun;

    @Spec private CommandSpec spec;

    @Override
    public Integer call() {
      // Not even the schema: what would expire can be asked before anything is set up.
      ConfigurableApplicationContext context =
          oneShot(
              dryRun
                  ? List.of("--spring.flyway.enabled=false", "--lapse.check.tables=false")
                  : List.of());
      if (context == null) {
        return 1;
      }
      try (context) {
        run(context.getBean(Sweep.class), spec.commandLine().getOut());
      }
      return 0;
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

  /** The application without web server and loops. */
  private @Nullable ConfigurableApplicationContext oneShot(List<String> further) {
    SpringApplicationBuilder builder =
        new SpringApplicationBuilder(application)
            .web(WebApplicationType.NONE)
            .properties("logging.level.root=warn");
    List<String> args = new ArrayList<>(further);
    args.add("--lapse.expiration.enabled=false");
    args.add("--lapse.relay.enabled=false");
    return start(builder, args);
  }

  /** Starts a context; null if that failed, which Spring Boot has then told the user. */
  private @Nullable ConfigurableApplicationContext start(
      SpringApplicationBuilder builder, List<String> further) {
    List<String> args = new ArrayList<>(List.of(settings));
    args.addAll(further);
    builder.main(application);
    try {
      return builder.run(args.toArray(String[]::new));
    } catch (RuntimeException e) {
      return null;
    }
  }

  static final class Version implements picocli.CommandLine.IVersionProvider {

    @Override
    public String[] getVersion() {
      String version = CommandLine.class.getPackage().getImplementationVersion();
      return new String[] {"lapse " + (version == null ? "(unpackaged)" : version)};
    }
  }
}
