package dev.lapse.support;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A process of a test's own, which does not outlive this JVM. Its output goes to a file. */
public final class ChildProcess implements AutoCloseable {

  private final Process process;
  private final Path output;

  private ChildProcess(Process process, Path output) {
    this.process = process;
    this.output = output;
    Leftovers.closeInTheEnd(this);
  }

  /**
   * Runs this JVM's {@code java} with {@code arguments}.
   *
   * @param output appended to
   */
  public static ChildProcess java(
      List<String> arguments, Map<String, String> environment, Path output) {
    return java(arguments, environment, output, Path.of(""));
  }

  /**
   * Runs it in a directory of its own.
   *
   * @param output appended to
   */
  static ChildProcess java(
      List<String> arguments, Map<String, String> environment, Path output, Path directory) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(arguments);
    return of(command, environment, output, directory);
  }

  /**
   * Runs any command.
   *
   * @param output appended to
   */
  public static ChildProcess of(
      List<String> command, Map<String, String> environment, Path output) {
    return of(command, environment, output, Path.of(""));
  }

  private static ChildProcess of(
      List<String> command, Map<String, String> environment, Path output, Path directory) {
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(directory.toAbsolutePath().toFile())
            .redirectErrorStream(true)
            .redirectInput(new File("/dev/null"))
            .redirectOutput(ProcessBuilder.Redirect.appendTo(output.toFile()));
    builder.environment().putAll(environment);
    try {
      return new ChildProcess(builder.start(), output);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public long pid() {
    return process.pid();
  }

  public boolean isAlive() {
    return process.isAlive();
  }

  /** SIGTERM: asks it to stop, as every supervisor does. */
  public void terminate() {
    process.destroy();
  }

  /** SIGKILL. Returns when it is gone. */
  public void kill() {
    process.destroyForcibly().onExit().join();
  }

  /** SIGSTOP: it is there, keeps what it has open, and does nothing. */
  public void pause() {
    signal("STOP");
  }

  /** SIGCONT. */
  public void resume() {
    signal("CONT");
  }

  private void signal(String name) {
    signal(name, process.pid());
  }

  static void signal(String name, long pid) {
    try {
      Process kill = new ProcessBuilder("kill", "-" + name, Long.toString(pid)).inheritIO().start();
      if (kill.waitFor() != 0) {
        throw new IllegalStateException("kill -%s %d failed".formatted(name, pid));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Waits for its end and returns the exit code. */
  public int exitCode(Duration patience) throws InterruptedException {
    if (!process.waitFor(patience.toSeconds(), TimeUnit.SECONDS)) {
      throw new AssertionError("still running after " + patience + ":\n" + output());
    }
    return process.exitValue();
  }

  /** Everything printed so far. */
  public String output() {
    try {
      return Files.readString(output);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    kill();
    Leftovers.forget(this);
  }
}
