package dev.lapse.approvals;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Each recipe of the page is in the project that {@link MigrationToolsIT} runs, word for word. */
class MigrationToolTest {

  private static final Pattern SHOWN = Pattern.compile("<!-- from src/test/tools/(\\w+)/(.+) -->");

  @Test
  void recipesAreThoseThatAreRun() throws Exception {
    List<String> shown = new ArrayList<>();
    for (var found : SHOWN.matcher(Files.readString(MigrationTool.PAGE)).results().toList()) {
      String tool = found.group(1);
      shown.add(tool);
      String recipe = MigrationTool.recipe(Path.of("src/test/tools", tool, found.group(2)));
      assertThat(recipe).isNotBlank();
    }
    assertThat(shown)
        .contains("drizzle", "typeorm", "prisma", "hibernate", "alembic", "rails", "flyway");
  }

  @Test
  void versionsAreThoseOfThePage() throws Exception {
    String page = Files.readString(MigrationTool.PAGE);
    for (String tool : List.of("drizzle", "typeorm", "prisma", "hibernate")) {
      Path file =
          Path.of("src/test/tools", tool, tool.equals("hibernate") ? "pom.xml" : "package.json");
      String versions = Files.readString(file);
      String version =
          Pattern.compile("Tried with [^0-9]*([0-9.]+[0-9])")
              .matcher(page.substring(page.toLowerCase(Locale.ROOT).indexOf("\n## " + tool)))
              .results()
              .map(found -> found.group(1))
              .findFirst()
              .orElseThrow();
      assertThat(versions).as(tool).containsPattern("[\">]" + Pattern.quote(version) + "[\".]");
    }
  }
}
