package dev.lapse.problem;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The directory for jars of others, such as JDBC drivers and login modules of Kafka. The jar and
 * the image load what is there, in the working directory.
 */
public final class Plugins {

  private static final Path DIRECTORY = Path.of("plugins");

  /** How the JDK, Kafka, Spring and HikariCP say that a class is missing. */
  private static final Pattern MISSING =
      Pattern.compile(
          "Class (?<kafka>\\S+) could not be found"
              + "|No LoginModule found for (?<login>\\S+)"
              + "|(?:Cannot load driver class: |Failed to load driver class )(?<driver>[\\w.$]+)");

  private Plugins() {}

  /** The class that {@code failure} has missed, if it is about one. */
  public static Optional<String> missingClass(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      String message = cause.getMessage();
      if (message == null) {
        continue;
      }
      if (cause instanceof ClassNotFoundException || cause instanceof NoClassDefFoundError) {
        return Optional.of(message.replace('/', '.'));
      }
      Matcher missing = MISSING.matcher(message);
      if (missing.find()) {
        return Stream.of("kafka", "login", "driver")
            .map(missing::group)
            .flatMap(Stream::ofNullable)
            .findFirst();
      }
    }
    return Optional.empty();
  }

  /** Where a jar goes, and which are there. */
  public static String action() {
    return "put its jar, and the jars that it needs, into %s (there now: %s)."
        .formatted(DIRECTORY.toAbsolutePath(), present());
  }

  private static String present() {
    if (!Files.isDirectory(DIRECTORY)) {
      return "no such directory";
    }
    try (Stream<Path> files = Files.list(DIRECTORY)) {
      String names =
          files
              .map(file -> String.valueOf(file.getFileName()))
              .filter(name -> name.endsWith(".jar"))
              .sorted()
              .limit(20)
              .collect(Collectors.joining(", "));
      return names.isEmpty() ? "no jar" : names;
    } catch (IOException e) {
      return "it cannot be read: " + Reasons.of(e);
    }
  }
}
