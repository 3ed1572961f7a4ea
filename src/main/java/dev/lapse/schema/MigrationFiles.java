package dev.lapse.schema;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import org.springframework.core.io.Resource;
import org.springframework.core.io.support.PathMatchingResourcePatternResolver;

/** The migrations as files, for tools other than Flyway. */
public final class MigrationFiles {

  private static final String WHERE = "classpath:db/migration/V*__*.sql";

  private MigrationFiles() {}

  /** Those of a later version than {@code after}, in their order. */
  public static List<MigrationFile> after(int after) {
    try {
      return Arrays.stream(new PathMatchingResourcePatternResolver().getResources(WHERE))
          .map(MigrationFiles::file)
          .filter(file -> file.version() > after)
          .sorted(Comparator.comparingInt(MigrationFile::version))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static MigrationFile file(Resource resource) {
    String name = Objects.requireNonNull(resource.getFilename());
    try {
      return new MigrationFile(
          Integer.parseInt(name.substring(1, name.indexOf("__"))),
          name,
          resource.getContentAsString(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * @param name such as {@code V4__outbox.sql}
   */
  public record MigrationFile(int version, String name, String sql) {

    /** Or one statement that is to be in none. */
    public boolean isTransaction() {
      return !sql.contains("CREATE INDEX CONCURRENTLY");
    }
  }
}
