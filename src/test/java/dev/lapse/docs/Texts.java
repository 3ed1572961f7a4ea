package dev.lapse.docs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The files that people read, and the sentences in them. */
final class Texts {

  static final Path DOCS = Path.of("docs");

  private static final Pattern BLOCK = Pattern.compile("(?ms)^ *```.*?^ *```$");
  private static final Pattern CODE = Pattern.compile("`[^`]*`");
  private static final Pattern PICTURE = Pattern.compile("!\\[[^]]*]\\([^)]*\\)");
  private static final Pattern LINK = Pattern.compile("\\[([^]]*)]\\([^)]*\\)");
  private static final Pattern ITEM = Pattern.compile("\\s*(?:[-*]|\\d+\\.) .*");
  private static final Pattern CONCATENATION = Pattern.compile("\"\\s*\\+\\s*\"");
  private static final Pattern TEXT_BLOCK = Pattern.compile("\"\"\".*?\"\"\"", Pattern.DOTALL);
  private static final Pattern COMMENT =
      Pattern.compile("/\\*.*?\\*/|(?m)^\\s*//.*$|\\s//[^\"\\n]*$", Pattern.DOTALL);
  private static final Pattern LITERAL = Pattern.compile("\"((?:\\\\.|[^\"\\\\\\n])*)\"");

  private Texts() {}

  /** Every Markdown file that we ship. */
  static List<Path> documents() {
    return Stream.concat(files(Path.of("."), 1, ".md"), files(DOCS, 9, ".md"))
        .filter(file -> !file.toString().endsWith("results.md")) // the raw runs of benchmarks
        .sorted()
        .toList();
  }

  static Stream<Path> files(Path root, int depth, String ending) {
    try (Stream<Path> found = Files.walk(root, depth)) {
      return found.filter(file -> file.toString().endsWith(ending)).toList().stream();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The prose of a Markdown file: a paragraph, list item, table cell or heading each. */
  static List<String> prose(String markdown) {
    List<String> parts = new ArrayList<>();
    StringBuilder paragraph = new StringBuilder();
    for (String line : withoutCode(markdown).split("\n", -1)) {
      boolean table = line.startsWith("|");
      if (line.isBlank() || table || line.startsWith("#") || ITEM.matcher(line).matches()) {
        parts.add(paragraph.toString());
        paragraph.setLength(0);
      }
      if (table) {
        parts.addAll(List.of(line.split("\\|", -1)));
      } else {
        paragraph.append(line.replaceFirst("^\\s*(#+|[-*]|\\d+\\.) ", "")).append(' ');
      }
    }
    parts.add(paragraph.toString());
    return parts.stream().filter(part -> !part.isBlank()).map(String::strip).toList();
  }

  private static String withoutCode(String markdown) {
    String text = BLOCK.matcher(markdown).replaceAll("");
    text = PICTURE.matcher(text).replaceAll("");
    text = CODE.matcher(text).replaceAll("code");
    return LINK.matcher(text).replaceAll("$1").replace("**", "").replace("[ ] ", "");
  }

  static List<String> sentences(String prose) {
    return List.of(prose.split("(?<=[.!?])\\)?\\s+", -1));
  }

  static long words(String sentence) {
    return Stream.of(sentence.split("\\s+", -1))
        .filter(word -> word.chars().anyMatch(Character::isLetterOrDigit))
        .count();
  }

  /** The string literals of a Java file, concatenations joined; not its text blocks. */
  static List<String> literals(String java) {
    String code = TEXT_BLOCK.matcher(java).replaceAll("");
    code = COMMENT.matcher(code).replaceAll("");
    code = CONCATENATION.matcher(code).replaceAll("");
    return LITERAL.matcher(code).results().map(result -> unescape(result)).toList();
  }

  private static String unescape(MatchResult literal) {
    return literal.group(1).replace("\\\"", "\"").replace("\\n", "\n").replace("%n", "\n");
  }

  /** As GitHub makes it of a heading. */
  static String anchor(String heading) {
    return heading
        .replaceAll("[`*]", "")
        .replaceAll("\\[([^]]*)]\\([^)]*\\)", "$1")
        .strip()
        .toLowerCase(java.util.Locale.ROOT)
        .replaceAll("[^\\p{L}\\p{N} _-]", "")
        .replace(' ', '-');
  }
}
