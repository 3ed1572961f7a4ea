package dev.lapse.approvals;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lapse.support.Leftovers;
import dev.lapse.support.Servers;
import dev.lapse.support.TestDatabase;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * An application's migration tool, with a copy of its project of {@code src/test/tools}. The
 * project follows the recipe of the documents; {@link #withoutRecipe} takes it away again.
 */
final class MigrationTool {

  static final Path PAGE = Path.of("docs/use/migration-tools.md");

  private static final Path PROJECTS = Path.of("src/test/tools");

  private final Path project;
  private final Path copy;

  /** A fresh copy. What npm has installed for an equal package.json stays. */
  MigrationTool(String name) throws IOException {
    project = PROJECTS.resolve(name);
    copy = Path.of("target/tools").resolve(name).toAbsolutePath();
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
    withRecipe();
  }

  Path directory() {
    return copy;
  }

  /** As the documents say. */
  void withRecipe() throws IOException {
    try (Stream<Path> files = Files.walk(project)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Path target = copy.resolve(project.relativize(file));
        Files.createDirectories(target.getParent());
        Files.copy(
            file, target, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.COPY_ATTRIBUTES);
      }
    }
  }

  /** As before Lapse came: the file has not what the page shows of it. */
  void withoutRecipe(String file) throws IOException {
    Path target = copy.resolve(file);
    Files.writeString(target, Files.readString(project.resolve(file)).replace(recipe(file), ""));
  }

  /** Another text in the place of one, in the copy. */
  void change(String file, String from, String to) throws IOException {
    String text = Files.readString(copy.resolve(file));
    assertThat(text).contains(from);
    Files.writeString(copy.resolve(file), text.replace(from, to));
  }

  /** What the page shows of the file, which is what the file has. */
  String recipe(String file) throws IOException {
    return recipe(project.resolve(file));
  }

  /** What the page shows of that file. */
  static String recipe(Path source) throws IOException {
    String recipe =
        Pattern.compile(
                "(?s)<!-- from %s -->\\n```\\w*\\n(.*?)```".formatted(Pattern.quote("" + source)))
            .matcher(Files.readString(PAGE))
            .results()
            .map(found -> found.group(1))
            .findFirst()
            .orElseThrow(() -> new AssertionError(PAGE + " shows nothing of " + source));
    assertThat(Files.readString(source)).as(source + " is as in " + PAGE).contains(recipe);
    return recipe;
  }

  /** Installs what package.json names. Where npm or its registry is not there, skips the test. */
  void npmInstall() throws IOException, InterruptedException {
    Path installed = copy.resolve("installed.json");
    String wanted = Files.readString(copy.resolve("package.json"));
    if (Files.exists(installed) && Files.readString(installed).equals(wanted)) {
      return;
    }
    Output npm =
        start(List.of("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts"), List.of());
    assumeTrue(npm.exitCode() == 0, "npm cannot install what is needed here");
    Files.writeString(installed, wanted);
  }

  /** Skips the test where the command fails, which asks for the tool's version. */
  void needs(String... command) throws IOException, InterruptedException {
    assumeTrue(
        start(List.of(command), List.of()).exitCode() == 0,
        "there is no " + String.join(" ", command) + " here");
  }

  /** Runs it, in the copy, with the database in {@code DATABASE_URL}. */
  Output run(TestDatabase database, String... command) throws IOException, InterruptedException {
    URI server = URI.create(database.url().substring("jdbc:".length()));
    String user = Servers.postgres().user();
    String password = Servers.postgres().password();
    String url =
        "postgresql://%s:%s@%s:%d%s"
            .formatted(user, password, server.getHost(), server.getPort(), server.getPath());
    return start(
        List.of(command),
        List.of(
            "DATABASE_URL=" + url,
            "JDBC_URL=%s?user=%s&password=%s".formatted(database.url(), user, password),
            "PRISMA_SCHEMA_ENGINE_BINARY=" + copy.resolve("engine.mjs"),
            "PYTHONPATH=" + copy,
            "PYTHONDONTWRITEBYTECODE=1"));
  }

  private Output start(List<String> command, List<String> environment)
      throws IOException, InterruptedException {
    Path output = Leftovers.file("tool-", ".log");
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(copy.toFile())
            .redirectErrorStream(true)
            .redirectInput(new File("/dev/null"))
            .redirectOutput(output.toFile());
    environment.forEach(
        one ->
            builder.environment().put(one.replaceFirst("=.*", ""), one.replaceFirst(".*?=", "")));
    Process process;
    try {
      process = builder.start();
    } catch (IOException e) {
      return new Output(127, String.valueOf(e.getMessage()));
    }
    if (!process.waitFor(5, TimeUnit.MINUTES)) {
      process.destroyForcibly();
      throw new AssertionError("still running: " + command + "\n" + Files.readString(output));
    }
    String text = Files.readString(output);
    Files.delete(output);
    return new Output(process.exitValue(), text);
  }

  /**
   * @param text to standard output and standard error
   */
  record Output(int exitCode, String text) {

    /** What it printed. Fails if the command did. */
    String ok() {
      assertThat(exitCode).as(text).isZero();
      return text;
    }
  }
}
