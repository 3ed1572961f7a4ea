package dev.lapse.support;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The built jar as the image has it: its libraries beside it, and the classes parsed ahead of time.
 * A start takes half as long. Made once for each build, whichever JVM of tests needs it first.
 */
final class ExtractedJar {

  /** For a machine that is busy with other things. */
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  /** Nothing listens there. */
  private static final String NOWHERE = "127.0.0.1:1";

  private static final List<String> START = make(LapseProcess.jar());

  private ExtractedJar() {}

  /** What {@code java} is told to start it. */
  static List<String> start() {
    return START;
  }

  /** With the commands of the Dockerfile. */
  private static List<String> make(Path jar) {
    Path directory = jar.resolveSibling("extracted");
    Path extracted = directory.resolve(jar.getFileName());
    // An archive is of one Java only.
    Path classes = directory.resolve("lapse-%s.jsa".formatted(Runtime.version()));
    try (FileChannel lock =
            FileChannel.open(
                jar.resolveSibling("extracted.lock"),
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE);
        FileLock held = lock.lock()) {
      if (held.isValid() && isNewer(classes, jar)) {
        return start(classes, extracted);
      }
      java("-Djarmode=tools", "-jar", jar, "extract", "--force", "--destination", directory);
      Files.deleteIfExists(classes);
      java(
          "-XX:ArchiveClassesAtExit=" + classes,
          "-Xlog:disable",
          "-jar",
          extracted,
          "--spring.datasource.url=jdbc:postgresql://%s/none".formatted(NOWHERE),
          "--lapse.kafka.bootstrap-servers=" + NOWHERE);
      if (Files.notExists(classes)) {
        throw new IllegalStateException("no classes were archived in " + classes);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    return start(classes, extracted);
  }

  private static boolean isNewer(Path made, Path source) throws IOException {
    return Files.exists(made)
        && Files.getLastModifiedTime(made).compareTo(Files.getLastModifiedTime(source)) > 0;
  }

  private static List<String> start(Path classes, Path extracted) {
    return List.of(
        "-XX:SharedArchiveFile=" + classes,
        "-cp",
        extracted + File.pathSeparator + "plugins/*",
        "dev.lapse.Lapse");
  }

  private static void java(Object... arguments) throws IOException, InterruptedException {
    Path output = Leftovers.file("lapse-", ".log");
    try (ChildProcess java =
        ChildProcess.java(Stream.of(arguments).map(Object::toString).toList(), Map.of(), output)) {
      var unused = java.exitCode(PATIENCE); // the start fails, since nothing answers
    } finally {
      Files.delete(output);
    }
  }
}
