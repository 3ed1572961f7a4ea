package dev.lapse.support;

import static java.nio.charset.StandardCharsets.UTF_8;

import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.util.ContextInitializer;
import ch.qos.logback.core.joran.spi.JoranException;
import dev.lapse.Lapse;
import dev.lapse.operations.cli.Commands;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.LoggerFactory;

/**
 * A command in the test's own JVM: the same code from the command line on, in a sixth of the time
 * of a process. What only a process shows is tested with a {@link LapseProcess}: that the jar has
 * all that a command needs, how it exits, and how it stops.
 *
 * @param output what it printed, to standard output, to standard error and to its log
 * @param result what it printed to standard output
 */
public record Command(int exitCode, String output, String result) {

  /** One at a time: all print to the one standard output. */
  private static final Object ONE = new Object();

  /**
   * Runs it against the shared servers.
   *
   * @param args the command with its options, and settings as {@code --name=value}. Those that
   *     stand here prevail over those that name the servers.
   */
  public static Command run(TestDatabase database, String... args) {
    return run(
        List.of(
            "--spring.datasource.url=" + database.url(),
            "--spring.datasource.username=" + database.serviceUser(),
            "--spring.datasource.password=" + database.servicePassword(),
            "--lapse.kafka.bootstrap-servers=" + Servers.kafka().bootstrapServers()),
        args);
  }

  private static Command run(List<String> servers, String... args) {
    List<String> all = new ArrayList<>(servers);
    // Said twice, a setting would have two values in one.
    all.removeIf(setting -> isSaid(name(setting), args));
    all.add("--server.port=0");
    all.add("--server.address=127.0.0.1");
    all.add("--server.tomcat.basedir=" + InJvm.TOMCAT);
    all.add(InJvm.LOGGING);
    all.addAll(List.of(args));
    synchronized (ONE) {
      PrintStream out = System.out;
      PrintStream err = System.err;
      ByteArrayOutputStream output = new ByteArrayOutputStream();
      StringWriter result = new StringWriter();
      try (PrintStream both = new PrintStream(output, true, UTF_8)) {
        System.setOut(both);
        System.setErr(both);
        int exitCode =
            Commands.execute(
                Lapse.class, new PrintWriter(result, true), all.toArray(String[]::new));
        return new Command(exitCode, output.toString(UTF_8) + result, result.toString());
      } finally {
        System.setOut(out);
        System.setErr(err);
        logAsTestsDo();
      }
    }
  }

  private static boolean isSaid(String name, String... args) {
    for (String arg : args) {
      if (name(arg).equals(name)) {
        return true;
      }
    }
    return false;
  }

  private static String name(String setting) {
    return setting.replaceFirst("(?s)=.*", "");
  }

  /** The application has set up logging as its own. */
  private static void logAsTestsDo() {
    LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
    context.reset();
    try {
      new ContextInitializer(context).autoConfig();
    } catch (JoranException e) {
      throw new IllegalStateException(e);
    }
  }
}
