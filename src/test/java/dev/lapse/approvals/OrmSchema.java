package dev.lapse.approvals;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * A file of {@code src/test/resources/orm}: the approvals of an application, as its ORM writes
 * them. A line that is nothing but {@code -- name} begins the section of that name.
 */
final class OrmSchema {

  private static final List<String> SECTIONS =
      List.of("settings", "schema", "insert", "approve", "cron", "expected");

  private final Map<String, String> sections = new LinkedHashMap<>();

  private OrmSchema(Path file) {
    String section = "";
    try {
      for (String line : Files.readAllLines(file)) {
        if (line.startsWith("-- ") && SECTIONS.contains(line.substring(3))) {
          section = line.substring(3);
        } else {
          sections.merge(section, line + "\n", String::concat);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static OrmSchema of(String name) {
    return new OrmSchema(Path.of("src/test/resources/orm", name + ".sql"));
  }

  private String section(String name) {
    return Objects.requireNonNull(sections.get(name), name).strip();
  }

  /** Options for the command line. */
  String[] settings() {
    return comments("settings").map(setting -> "--" + setting).toArray(String[]::new);
  }

  private Stream<String> comments(String section) {
    return section(section).lines().map(line -> line.substring(3));
  }

  String schema() {
    return section("schema");
  }

  /** Pending approvals with a deadline {@code interval} from now on. */
  String insert(int count, String interval) {
    return section("insert").replace(":interval", interval).replace(":count", "" + count);
  }

  /** Approves one that is pending, as the application does. */
  String approve() {
    return section("approve");
  }

  /** Expires what has that status, as nobody should. */
  String cron(String status) {
    return section("cron").replace(":status", status.replace("'", "''"));
  }

  String pending() {
    return expected("pending, expired").split(", ", 2)[0];
  }

  String expired() {
    return expected("pending, expired").split(", ", 2)[1];
  }

  String approved() {
    return expected("approved");
  }

  /** What an event carries; empty if nothing. */
  String attributes() {
    return expected("attributes");
  }

  private String expected(String what) {
    return comments("expected")
        .filter(line -> line.startsWith(what + ": "))
        .map(line -> line.substring(what.length() + 2))
        .findFirst()
        .orElse("");
  }
}
