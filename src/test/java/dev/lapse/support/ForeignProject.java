package dev.lapse.support;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A project in another language, or with another tool, which the documents quote and a test runs in
 * a copy of its own.
 */
public class ForeignProject {

  private final Path project;
  private final Path copy;

  /** A fresh copy, below {@code target}. What npm has installed for an equal package.json stays. */
  public ForeignProject(Path project) throws IOException {
    this.project = project;
    copy = Path.of("target").resolve(Path.of("src/test").relativize(project)).toAbsolutePath();
    Files.createDirectories(copy);
    try (Stream<Path> old = Files.walk(copy)) {
      for (Path file :
          old.filter(Files::isRegularFile)
              .filter(file -> !copy.relativize(file).startsWith("node_modules"))
              .filter(file -> !file.endsWith("installed.json"))
              .toList()) {
        Files.delete(file);
      }
    }
    restore();
  }

  public final Path directory() {
    return copy;
  }

  /** Every file as the project has it. */
  protected final void restore() throws IOException {
    try (Stream<Path> files = Files.walk(project)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Path target = copy.resolve(project.relativize(file));
        Files.createDirectories(target.getParent());
        Files.copy(
            file, target, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.COPY_ATTRIBUTES);
      }
    }
  }

  /** Another text in the place of one, in the copy. */
  public final void change(String file, String from, String to) throws IOException {
    String text = Files.readString(copy.resolve(file));
    assertThat(text).contains(from);
    Files.writeString(copy.resolve(file), text.replace(from, to));
  }

  /** What the page shows of that file, which is what the file has. */
  public static String quoted(Path page, Path source) throws IOException {
    String quoted =
        Pattern.compile(
                "(?s)<!-- from %s -->\\n```\\w*\\n(.*?)```".formatted(Pattern.quote("" + source)))
            .matcher(Files.readString(page))
            .results()
            .map(found -> found.group(1))
            .findFirst()
            .orElseThrow(() -> new AssertionError(page + " shows nothing of " + source));
    assertThat(Files.readString(source)).as(source + " is as in " + page).contains(quoted);
    return quoted;
  }

  /** Installs what package.json names. Where npm or its registry is not there, skips the test. */
  public final void npmInstall() throws IOException, InterruptedException {
    Path installed = copy.resolve("installed.json");
    String wanted = Files.readString(copy.resolve("package.json"));
    if (Files.exists(installed) && Files.readString(installed).equals(wanted)) {
      return;
    }
    Output npm = run(Map.of(), "npm", "install", "--no-audit", "--no-fund", "--ignore-scripts");
    assumeTrue(npm.exitCode() == 0, "npm cannot install what is needed here");
    Files.writeString(installed, wanted);
  }

  /** Skips the test where the command fails, which asks for the tool's version. */
  public final void needs(String... command) throws IOException, InterruptedException {
    assumeTrue(
        run(Map.of(), command).exitCode() == 0,
        "there is no " + String.join(" ", command) + " here");
  }

  /** The database as other languages than Java name one: {@code postgresql://…}. */
  public static String url(TestDatabase database) {
    URI server = URI.create(database.url().substring("jdbc:".length()));
    return "postgresql://%s:%s@%s:%d%s"
        .formatted(
            Servers.postgres().user(),
            Servers.postgres().password(),
            server.getHost(),
            server.getPort(),
            server.getPath());
  }

  /** Runs it, in the copy, with these environment variables as well. */
  public final Output run(Map<String, String> environment, String... command)
      throws IOException, InterruptedException {
    Path output = Leftovers.file("tool-", ".log");
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(copy.toFile())
            .redirectErrorStream(true)
            .redirectInput(new File("/dev/null"))
            .redirectOutput(output.toFile());
    builder.environment().putAll(environment);
    Process process;
    try {
      process = builder.start();
    } catch (IOException e) {
      return new Output(127, String.valueOf(e.getMessage()));
    }
    if (!process.waitFor(5, TimeUnit.MINUTES)) {
      process.destroyForcibly();
      throw new AssertionError(
          "still running: " + List.of(command) + "\n" + Files.readString(output));
    }
    String text = Files.readString(output);
    Files.delete(output);
    return new Output(process.exitValue(), text);
  }

  /**
   * @param text to standard output and standard error
   */
  public record Output(int exitCode, String text) {

    /** What it printed. Fails if the command did. */
    public String ok() {
      assertThat(exitCode).as(text).isZero();
      return text;
    }
  }
}
