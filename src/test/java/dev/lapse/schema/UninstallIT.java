package dev.lapse.schema;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lapse.approvals.ApprovalsSettingsFixture;
import dev.lapse.approvals.OptInFixture;
import dev.lapse.decision.OptIns;
import dev.lapse.support.Psql;
import dev.lapse.support.Servers;
import dev.lapse.support.TestDatabase;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Lapse comes, and goes again, without a trace; and in databases of other encodings. */
class UninstallIT {

  private static final String CATALOG =
      """
      SELECT pg_describe_object(classid, objid, 0) FROM (
        SELECT 'pg_class'::regclass AS classid, oid AS objid FROM pg_class
        WHERE relnamespace = 'public'::regnamespace
        UNION ALL SELECT 'pg_proc'::regclass, oid FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace
        UNION ALL SELECT 'pg_type'::regclass, oid FROM pg_type
        WHERE typnamespace = 'public'::regnamespace
        UNION ALL SELECT 'pg_trigger'::regclass, oid FROM pg_trigger
        UNION ALL SELECT 'pg_constraint'::regclass, oid FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace
      ) objects ORDER BY 1
      """;

  private static final String THEIRS =
      """
      CREATE TABLE ai_approvals (id text PRIMARY KEY, status text, version int,
        expires_at timestamptz, executed_at timestamptz)
      """;

  private final TestDatabase database = TestDatabase.empty(Servers.postgres());

  @AfterEach
  void close() {
    database.close();
  }

  @Test
  void leavesNothingBehind() throws Exception {
    database.execute(THEIRS);
    database.execute("INSERT INTO ai_approvals VALUES ('a', 'pending', 1, now(), NULL)");
    List<String> before = catalog();
    database.migrate(ApprovalsSettingsFixture.standardCheck(database.jdbc()).tableToMigrate());
    try (Connection owner = database.connect()) {
      OptInFixture.apply(owner, Map.of(), OptIns.all());
    }
    assertThat(catalog()).hasSizeGreaterThan(before.size() + 10);

    String output = Psql.run(database, "--quiet", "--file=db/uninstall.sql");

    assertThat(output).isEmpty();
    assertThat(catalog()).isEqualTo(before);
    database.execute("UPDATE ai_approvals SET status = 'expired'");
    assertThat(database.count("SELECT count(*) FROM ai_approvals")).isEqualTo(1);
    assertThat(Psql.run(database, "--quiet", "--file=db/uninstall.sql")).as("again").isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"db/migration", "db/optional", "db/queries", "db"})
  void sqlIsAscii(String directory) throws IOException {
    try (Stream<Path> files = Files.list(Path.of(directory))) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        String text = Files.readString(file, StandardCharsets.ISO_8859_1);
        assertThat(text.chars().allMatch(c -> c < 128)).as(file.toString()).isTrue();
      }
    }
  }

  private List<String> catalog() {
    return database.jdbc().sql(CATALOG).query(String.class).list();
  }
}
