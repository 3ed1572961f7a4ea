package dev.lapse.operations.cli;

import dev.lapse.approvals.ApprovalsSettings;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.context.ConfigurableApplicationContext;

/** The application without web server and loops, for a command that does one thing and ends. */
final class CommandRunner {

  /**
   * For all commands but those that are there to migrate: what looks only must not change the
   * schema of a service of another version, nor wait for its locks.
   */
  static final List<String> LOOKING =
      List.of("--spring.flyway.enabled=false", "--lapse.check.database=false");

  /**
   * For those that are for emergencies as well: they need a table of their own only, and must do
   * their work beside a service of an older version, whatever its schema lacks.
   */
  static final List<String> UNCONDITIONALLY =
      List.of(
          "--spring.flyway.enabled=false",
          "--lapse.check.tables=false",
          "--lapse.check.database=false");

  private final Class<?> application;
  private final List<String> settings;

  CommandRunner(Class<?> application, List<String> settings) {
    this.application = application;
    this.settings = List.copyOf(settings);
  }

  /**
   * Starts it, does {@code work}, and closes it.
   *
   * @param further settings that go before the user's
   * @return the exit code: of the work, or 1 if the start failed, which the user has then been told
   */
  int run(List<String> further, Work work) throws Exception {
    PrintStream out = System.out;
    System.setOut(System.err); // there the log goes; commands have their own way to the former
    try {
      ConfigurableApplicationContext context = start(further);
      if (context == null) {
        return 1;
      }
      try (context) {
        return work.run(context);
      }
    } finally {
      System.setOut(out);
    }
  }

  @FunctionalInterface
  interface Work {
    int run(ConfigurableApplicationContext context) throws Exception;
  }

  private @Nullable ConfigurableApplicationContext start(List<String> further) {
    SpringApplicationBuilder builder =
        new SpringApplicationBuilder(application)
            .web(WebApplicationType.NONE)
            // A command that is stopped ends by itself; its database must not go before it.
            .registerShutdownHook(false)
            .properties("logging.level.root=warn");
    List<String> args = new ArrayList<>(further);
    args.add("--lapse.expiration.enabled=false");
    args.add("--lapse.relay.enabled=false");
    args.add("--lapse.retention.enabled=false");
    args.add("--lapse.watch.enabled=false");
    args.add("--logging.level.com.zaxxer.hikari=error"); // the command itself reports what failed
    return start(builder, args);
  }

  /** Whether the approvals are where they are by default; asks nobody. */
  boolean isStandardTable() {
    try (ConfigurableApplicationContext nothing =
        new SpringApplicationBuilder(Nothing.class)
            .web(WebApplicationType.NONE)
            .properties("logging.level.root=off")
            .run(settings.toArray(String[]::new))) {
      return Binder.get(nothing.getEnvironment())
          .bindOrCreate("lapse.approvals", ApprovalsSettings.class)
          .isStandard();
    }
  }

  /** No application: only its settings. */
  private static final class Nothing {}

  /** The service itself; null if it did not start. */
  @Nullable ConfigurableApplicationContext service() {
    return start(new SpringApplicationBuilder(application), List.of());
  }

  private @Nullable ConfigurableApplicationContext start(
      SpringApplicationBuilder builder, List<String> further) {
    List<String> args = new ArrayList<>(settings);
    // Said twice, a setting would have two values in one.
    args.removeIf(ours -> further.stream().anyMatch(other -> name(other).equals(name(ours))));
    args.addAll(further);
    builder.main(application);
    try {
      return builder.run(args.toArray(String[]::new));
    } catch (RuntimeException e) {
      return null;
    }
  }

  private static String name(String setting) {
    return setting.replaceFirst("=.*", "");
  }
}
