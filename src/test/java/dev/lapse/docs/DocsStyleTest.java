package dev.lapse.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Documents, command descriptions and messages are in plain words and short sentences. */
class DocsStyleTest {

  private static final int LONGEST_SENTENCE = 30;
  private static final int LONGEST_README = 180;

  /** Words of ours for which the field has a word, and turns that readers stumble over. */
  private static final Pattern BANNED =
      Pattern.compile(
          "\\b(mend(s|ed|ing)?|told of|tells? \\w+ from|stands? in\\b|hears? of|lull|anew"
              + "|at the (most|least)|for good|for ever|whoever|whatever|(?<!there )is no (?!longer)"
              + "|falls? due|fell due|has the lead|take the lead|in earnest|its due"
              + "|goes on|go on|storm(?!-guard)|stragglers?|lateness|restamp(?!_outbox)\\w*|a person)\\b",
          Pattern.CASE_INSENSITIVE);

  private static final Pattern SQL =
      Pattern.compile(
          "\\s*(SELECT|INSERT|UPDATE|DELETE|SET|CREATE|ALTER|DROP|WITH|GRANT|LOCK|DO|AND|ORDER)\\b.*",
          Pattern.DOTALL);
  private static final Pattern FIELD = Pattern.compile("\\b[\\w.-]+=(\"[^\"]*\"|\\S*)");
  private static final Pattern JSON_TEXT =
      Pattern.compile("\"(?:title|description)\"\\s*:\\s*\"([^\"]*)\"");
  private static final Pattern YAML_TEXT =
      Pattern.compile("(?m)^\\s*(?:summary|description|title): \"?([^|\\n\"]+)");
  private static final Pattern LINK = Pattern.compile("\\[[^]]*]\\(([^)\\s]+)\\)");
  private static final Pattern HEADING = Pattern.compile("(?m)^#+ (.*)$");

  @Test
  void documentsAreInPlainWordsAndShortSentences() {
    List<String> wrong = new ArrayList<>();
    for (Path document : Texts.documents()) {
      for (String part : Texts.prose(Texts.read(document))) {
        check(document.toString(), part, Texts.sentences(part), wrong);
      }
    }
    assertThat(wrong).isEmpty();
  }

  @Test
  void messagesAndCommandDescriptionsAreInPlainWordsAndShortSentences() {
    List<String> wrong = new ArrayList<>();
    for (Path file : Texts.files(Path.of("src/main/java"), 99, ".java").toList()) {
      for (String literal : Texts.literals(Texts.read(file))) {
        if (literal.contains(" ") && !SQL.matcher(literal).matches()) {
          String prose = FIELD.matcher(literal).replaceAll("code");
          check(
              file.getFileName().toString(), literal, List.of(prose.split("[.;:!?\n]", -1)), wrong);
        }
      }
    }
    assertThat(wrong).isEmpty();
  }

  @Test
  void schemasAlertsDashboardAndQueriesAreInPlainWordsAndShortSentences() {
    List<String> wrong = new ArrayList<>();
    for (String ending : List.of(".json", ".yaml")) {
      for (Path file : Texts.files(Texts.DOCS, 9, ending).toList()) {
        if (!file.toString().contains("benchmarks")) {
          Pattern text = ending.equals(".json") ? JSON_TEXT : YAML_TEXT;
          text.matcher(Texts.read(file))
              .results()
              .map(found -> found.group(1))
              .forEach(part -> check(file.toString(), part, Texts.sentences(part), wrong));
        }
      }
    }
    for (Path file : Texts.files(Path.of("db/queries"), 1, ".sql").toList()) {
      String head =
          Texts.read(file)
              .lines()
              .takeWhile(line -> line.startsWith("--"))
              .map(line -> line.substring(2).strip())
              .collect(Collectors.joining(" "));
      check(file.toString(), head, Texts.sentences(head), wrong);
    }
    assertThat(wrong).isEmpty();
  }

  private static void check(String where, String text, List<String> sentences, List<String> wrong) {
    Matcher banned = BANNED.matcher(text);
    if (banned.find()) {
      wrong.add("%s: \"%s\" in: %s".formatted(where, banned.group(), text));
    }
    for (String sentence : sentences) {
      if (Texts.words(sentence) > LONGEST_SENTENCE) {
        wrong.add("%s: %d words: %s".formatted(where, Texts.words(sentence), sentence));
      }
    }
  }

  /** That the test above sees what it looks for. */
  @Test
  void findsABannedWordAndALongSentence() {
    List<String> wrong = new ArrayList<>();
    for (String part :
        Texts.prose("# Title\n\n- Mend it.\n- `mend` is code.\n\n" + "word ".repeat(31))) {
      check("here", part, Texts.sentences(part), wrong);
    }
    assertThat(wrong).hasSize(2);
  }

  @Test
  void linksLeadSomewhere() {
    List<String> dead = new ArrayList<>();
    for (Path document : Texts.documents()) {
      for (var link : LINK.matcher(Texts.read(document)).results().toList()) {
        String target = link.group(1);
        if (!target.contains("://") && !leadsSomewhere(document, target)) {
          dead.add(document + ": " + target);
        }
      }
    }
    assertThat(dead).isEmpty();
  }

  private static boolean leadsSomewhere(Path document, String target) {
    String[] parts = target.split("#", 2);
    Path file = parts[0].isEmpty() ? document : document.resolveSibling(parts[0]).normalize();
    return Files.exists(file) && (parts.length == 1 || anchors(file).contains(parts[1]));
  }

  private static Set<String> anchors(Path document) {
    return HEADING
        .matcher(Texts.read(document))
        .results()
        .map(heading -> Texts.anchor(heading.group(1)))
        .collect(Collectors.toSet());
  }

  @Test
  void theReadmeStaysShort() {
    assertThat(Texts.read(Path.of("README.md")).lines()).hasSizeLessThanOrEqualTo(LONGEST_README);
  }

  @Test
  void theIndexNamesEveryPage() {
    String index = Texts.read(Texts.DOCS.resolve("README.md"));
    assertThat(
            Texts.documents().stream()
                .filter(page -> page.startsWith(Texts.DOCS))
                .map(page -> Texts.DOCS.relativize(page).toString())
                .filter(page -> !page.equals("README.md") && !page.contains("decisions/0")))
        .allSatisfy(page -> assertThat(index).contains("](" + page + ")"));
  }
}
