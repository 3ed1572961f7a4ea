package dev.lapse.approvals;

import dev.lapse.support.ForeignProject;
import dev.lapse.support.Servers;
import dev.lapse.support.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * An application's migration tool, with a copy of its project of {@code src/test/tools}. The
 * project follows the recipe of the documents; {@link #withoutRecipe} takes it away again.
 */
final class MigrationTool extends ForeignProject {

  static final Path PAGE = Path.of("docs/use/migration-tools.md");

  private final Path project;

  MigrationTool(String name) throws IOException {
    this(Path.of("src/test/tools", name));
  }

  private MigrationTool(Path project) throws IOException {
    super(project);
    this.project = project;
  }

  /** As the documents say. */
  void withRecipe() throws IOException {
    restore();
  }

  /** As before Lapse came: the file has not what the page shows of it. */
  void withoutRecipe(String file) throws IOException {
    Path target = directory().resolve(file);
    Files.writeString(target, Files.readString(project.resolve(file)).replace(recipe(file), ""));
  }

  /** What the page shows of the file, which is what the file has. */
  String recipe(String file) throws IOException {
    return recipe(project.resolve(file));
  }

  /** What the page shows of that file. */
  static String recipe(Path source) throws IOException {
    return quoted(PAGE, source);
  }

  /** Runs it, in the copy, with the database in {@code DATABASE_URL}. */
  Output run(TestDatabase database, String... command) throws IOException, InterruptedException {
    return run(
        Map.of(
            "DATABASE_URL",
            url(database),
            "JDBC_URL",
            "%s?user=%s&password=%s"
                .formatted(
                    database.url(), Servers.postgres().user(), Servers.postgres().password()),
            "PRISMA_SCHEMA_ENGINE_BINARY",
            directory().resolve("engine.mjs").toString(),
            "PYTHONPATH",
            directory().toString(),
            "PYTHONDONTWRITEBYTECODE",
            "1"),
        command);
  }
}
