package dev.lapse.example;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lapse.support.ForeignProject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Each program of the page is the one that {@link ConsumersIT} runs, word for word. */
class ConsumersTest {

  private static final Path PAGE = Path.of("docs/use/consume-events.md");
  private static final Path CONSUMERS = Path.of("src/test/consumers");
  private static final Pattern SHOWN = Pattern.compile("<!-- from (.+) -->");

  @Test
  void thePageShowsWhatIsRun() throws Exception {
    List<String> shown = new ArrayList<>();
    for (var found : SHOWN.matcher(Files.readString(PAGE)).results().toList()) {
      Path source = Path.of(found.group(1));
      String quoted = ForeignProject.quoted(PAGE, source);
      if (source.startsWith(CONSUMERS)) {
        assertThat(source).hasContent(quoted);
      }
      shown.add(source.getFileName().toString());
    }
    assertThat(shown)
        .containsExactlyInAnyOrder(
            "tables.sql", "consumer.ts", "consumer.py", "PlainConsumer.java");
  }

  @Test
  void versionsAreThoseOfThePage() throws Exception {
    String installed = Files.readString(CONSUMERS.resolve("typescript/package.json"));
    for (String library : List.of("kafkajs", "pg")) {
      String version =
          installed.replaceFirst("(?s).*\"%s\": \"([^\"]+)\".*".formatted(library), "$1");
      assertThat(Files.readString(PAGE)).contains(library + " " + version);
    }
  }
}
