package dev.lapse.audit;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Something that always holds, as a query that returns what breaks it. The file is the one that
 * people run in psql; its comment is what we tell of it.
 *
 * @param name the file's, without ending
 * @param meaning what a row says
 * @param remedy what to do about one
 * @param sql the query
 */
record Invariant(String name, String meaning, String remedy, String sql) {

  /** In the order to look at them in. */
  static final List<Invariant> ALL =
      Stream.of(
              "expired-before-due",
              "expired-without-record",
              "expired-twice",
              "event-differs-from-approval",
              "overdue",
              "position-ahead",
              "dead-letters")
          .map(Invariant::load)
          .toList();

  private static Invariant load(String name) {
    try (InputStream file = Invariant.class.getResourceAsStream("/db/queries/" + name + ".sql")) {
      if (file == null) {
        throw new IllegalStateException("db/queries/%s.sql is not packaged".formatted(name));
      }
      return parse(name, new String(file.readAllBytes(), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The comment at the head has paragraphs: what a row means, what to do, what it costs. */
  private static Invariant parse(String name, String file) {
    List<StringBuilder> paragraphs = new ArrayList<>(List.of(new StringBuilder()));
    file.lines()
        .takeWhile(line -> line.startsWith("--"))
        .map(line -> line.substring(2).strip())
        .forEach(
            line -> {
              if (line.isEmpty()) {
                paragraphs.add(new StringBuilder());
              } else {
                StringBuilder last = paragraphs.get(paragraphs.size() - 1);
                last.append(last.isEmpty() ? "" : " ").append(line);
              }
            });
    return new Invariant(
        name,
        paragraphs.get(0).toString(),
        paragraphs.get(1).toString(),
        file.strip().replaceFirst(";$", ""));
  }
}
