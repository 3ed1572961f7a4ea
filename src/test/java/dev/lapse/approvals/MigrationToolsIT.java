package dev.lapse.approvals;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lapse.support.Command;
import dev.lapse.support.ForeignProject;
import dev.lapse.support.Servers;
import dev.lapse.support.TestDatabase;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.stream.Stream;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * The real migration tools of applications, beside Lapse in a schema of its own: with the recipe of
 * docs/use/migration-tools.md they change nothing of Lapse's, and report no difference. Without it
 * they do, and {@code migrate} restores what they have dropped.
 */
class MigrationToolsIT {

  /** What Lapse has in the database: its schema, and what is on the application's table. */
  private static final String OBJECTS =
      """
      SELECT relname || ' ' || oid FROM pg_class WHERE relnamespace = 'lapse'::regnamespace
      UNION ALL
      SELECT proname || ' ' || oid FROM pg_proc
      WHERE pronamespace = 'lapse'::regnamespace
      UNION ALL
      SELECT tgname || ' ' || tgenabled::text || ' ' || pg_get_triggerdef(oid) FROM pg_trigger
      WHERE tgrelid = to_regclass('public.ai_approvals') AND NOT tgisinternal
      UNION ALL
      SELECT pg_get_indexdef(indexrelid) FROM pg_index
      WHERE indrelid = to_regclass('public.ai_approvals') AND indpred IS NOT NULL
      ORDER BY 1
      """;

  private final TestDatabase database = TestDatabase.empty(Servers.postgres());
  private final List<String> settings = new ArrayList<>();

  @AfterEach
  void close() {
    database.close();
  }

  @Test
  void drizzle() throws Exception {
    MigrationTool drizzle = new MigrationTool("drizzle");
    drizzle.npmInstall();
    String[] push = {"npx", "drizzle-kit", "push"};
    drizzle.withoutRecipe("schema.ts");
    drizzle.run(database, push).ok();
    List<String> ours = install();

    drizzle.withRecipe();

    assertThat(drizzle.run(database, push).ok()).contains("No changes detected");
    assertThat(objects()).isEqualTo(ours);
    assertExpires();

    drizzle.withoutRecipe("schema.ts");
    drizzle.run(database, push).ok();
    assertDropped(ours, "CREATE INDEX ai_approvals_due");
    assertHeals(ours);
  }

  @Test
  void typeOrm() throws Exception {
    MigrationTool typeOrm = new MigrationTool("typeorm");
    typeOrm.npmInstall();
    String[] compile = {"npx", "tsc", "--project", "."};
    String[] log = {"npx", "typeorm", "schema:log", "-d", "data-source.js"};
    String[] sync = {"npx", "typeorm", "schema:sync", "-d", "data-source.js"};
    typeOrm.withoutRecipe("approval.ts");
    typeOrm.run(database, compile).ok();
    typeOrm.run(database, sync).ok();
    List<String> ours = install();

    typeOrm.withRecipe();
    typeOrm.run(database, compile).ok();

    assertThat(typeOrm.run(database, log).ok()).contains("Your schema is up to date");
    typeOrm.run(database, sync).ok();
    assertThat(objects()).isEqualTo(ours);
    assertExpires();

    typeOrm.withoutRecipe("approval.ts");
    typeOrm.run(database, compile).ok();
    typeOrm.run(database, sync).ok();
    assertDropped(ours, "CREATE INDEX ai_approvals_due");
    assertHeals(ours);
  }

  /** With the engine of npm's, see engine.mjs, since the CLI's own is not on every machine. */
  @Test
  void prisma() throws Exception {
    MigrationTool prisma = new MigrationTool("prisma");
    prisma.npmInstall();
    String[] push = {"npx", "prisma", "db", "push"};
    assertThat(prisma.recipe("schema.prisma")).doesNotContain("previewFeatures");
    prisma.run(database, push).ok();
    List<String> ours = install();

    assertThat(prisma.run(database, push).ok()).contains("already in sync");
    assertThat(objects()).isEqualTo(ours);
    prisma.change("schema.prisma", "  version ", "  note String?\n  version ");
    assertThat(prisma.run(database, push).ok()).contains("now in sync");
    assertThat(database.count("SELECT count(note) FROM ai_approvals")).isZero();
    assertThat(objects()).isEqualTo(ours);
    assertExpires();
  }

  @Test
  void hibernate() throws Exception {
    MigrationTool hibernate = new MigrationTool("hibernate");
    Path libraries = hibernate.directory().resolve("lib");
    ForeignProject.Output maven =
        hibernate.run(
            database,
            Path.of("mvnw").toAbsolutePath().toString(),
            "--batch-mode",
            "--quiet",
            "dependency:copy-dependencies",
            "-DoutputDirectory=" + libraries);
    assumeTrue(maven.exitCode() == 0, "Maven cannot fetch Hibernate here");
    String classPath = hibernate.directory() + File.pathSeparator + libraries + "/*";
    hibernate.run(database, jdk("javac"), "-proc:none", "-cp", classPath, "Approvals.java").ok();
    String[] update = {jdk("java"), "-cp", classPath, "Approvals", "update"};
    String[] recipe = update.clone();
    recipe[4] = hibernate.recipe("application.properties").replaceFirst("(?s).*=", "").strip();
    hibernate.run(database, update).ok();
    List<String> ours = install();

    hibernate.run(database, recipe).ok();
    assertThat(objects()).isEqualTo(ours);
    hibernate.run(database, update).ok();
    assertThat(objects()).isEqualTo(ours);
    assertExpires();

    String[] create = update.clone();
    create[4] = "create";
    hibernate.run(database, create).ok();
    assertDropped(
        ours, "CREATE INDEX ai_approvals_due", "ai_approvals_final", "ai_approvals_not_due");
    assertHeals(ours);
  }

  @Test
  void alembic() throws Exception {
    MigrationTool alembic = new MigrationTool("alembic");
    alembic.needs("/usr/bin/python3", "-c", "import alembic, psycopg2");
    Files.createDirectories(alembic.directory().resolve("versions"));
    alembic.withoutRecipe("models.py");
    alembic.withoutRecipe("env.py");
    alembic.change("env.py", "        include_name=include_name,\n", "");
    alembic.run(database, alembic("revision", "--autogenerate", "-m", "create")).ok();
    alembic.run(database, alembic("upgrade", "head")).ok();
    List<String> ours = install();

    alembic.withRecipe();
    alembic.run(database, alembic("revision", "--autogenerate", "-m", "recipe")).ok();
    assertThat(revision(alembic, "recipe")).contains("pass").doesNotContain("op.");
    alembic.run(database, alembic("upgrade", "head")).ok();
    assertThat(objects()).isEqualTo(ours);
    assertExpires();

    alembic.withoutRecipe("models.py");
    alembic.run(database, alembic("revision", "--autogenerate", "-m", "model")).ok();
    assertThat(revision(alembic, "model")).contains("op.drop_index('ai_approvals_due'");
    alembic.run(database, alembic("upgrade", "head")).ok();
    assertDropped(ours, "CREATE INDEX ai_approvals_due");
    assertHeals(ours);

    alembic.withRecipe();
    alembic.withoutRecipe("env.py");
    alembic.change("env.py", "        include_name=include_name,\n", "");
    alembic.run(database, alembic("revision", "--autogenerate", "-m", "env")).ok();
    assertThat(revision(alembic, "env")).contains("op.drop_table('outbox', schema='lapse')");
  }

  private static String[] alembic(String... arguments) {
    return Stream.concat(Stream.of("/usr/bin/python3", "-m", "alembic"), Stream.of(arguments))
        .toArray(String[]::new);
  }

  /** The upgrade of the revision with that message. */
  private static String revision(MigrationTool alembic, String message) throws IOException {
    try (Stream<Path> files = Files.list(alembic.directory().resolve("versions"))) {
      Path file =
          files
              .filter(one -> one.toString().endsWith("_" + message + ".py"))
              .findAny()
              .orElseThrow();
      return Files.readString(file)
          .replaceFirst("(?s).*def upgrade", "")
          .replaceFirst("(?s)def downgrade.*", "");
    }
  }

  @Test
  void django() throws Exception {
    MigrationTool django = new MigrationTool("django");
    django.needs("/usr/bin/python3", "-c", "import django, psycopg2");
    Path migrations = django.directory().resolve("approvals/migrations");
    Files.createDirectories(migrations);
    Files.writeString(migrations.resolve("__init__.py"), "");
    String[] make = {"/usr/bin/python3", "manage.py", "makemigrations", "approvals"};
    String[] check = {"/usr/bin/python3", "manage.py", "makemigrations", "--check", "approvals"};
    String[] migrate = {"/usr/bin/python3", "manage.py", "migrate"};
    django.run(database, make).ok();
    django.run(database, migrate).ok();
    List<String> ours = install();

    assertThat(django.run(database, check).ok()).contains("No changes detected");
    django.change(
        "approvals/models.py",
        "    version =",
        "    note = models.TextField(null=True)\n    version =");
    django.run(database, make).ok();
    django.run(database, migrate).ok();

    assertThat(database.count("SELECT count(note) FROM ai_approvals")).isZero();
    assertThat(objects()).isEqualTo(ours);
    assertExpires();

    // What the page warns of.
    String last = "        db_table = \"ai_approvals\"\n";
    String index = "models.Index(fields=[\"expires_at\", \"id\"], name=\"ai_approvals_due\")";
    django.change("approvals/models.py", last, last + "        indexes = [" + index + "]\n");
    django.run(database, make).ok();
    assertThat(django.run(database, migrate).text())
        .contains("\"ai_approvals_due\" already exists");
    assertThat(objects()).isEqualTo(ours);
  }

  @Test
  void rails() throws Exception {
    MigrationTool rails = new MigrationTool("rails");
    rails.needs("ruby", "-e", "require 'active_record'; require 'pg'");
    settings.add("--lapse.approvals.zone=UTC");
    settings.add("--lapse.approvals.columns.version=lock_version");
    rails.recipe("database.yml");
    rails.run(database, "ruby", "approvals.rb", "create").ok();
    List<String> ours = install();

    rails.run(database, "ruby", "approvals.rb", "dump", "schema.rb").ok();

    String schema = Files.readString(rails.directory().resolve("schema.rb"));
    assertThat(schema).contains("name: \"ai_approvals_due\"").doesNotContain("outbox", "lapse");
    assertThat(objects()).isEqualTo(ours);
    assertExpires();

    // Drops the table. The triggers are in no schema.rb.
    rails.run(database, "ruby", "approvals.rb", "load", rails.directory() + "/schema.rb").ok();
    assertDropped(ours, "ai_approvals_final", "ai_approvals_not_due");
    assertHeals(ours);
    rails.run(database, "ruby", "approvals.rb", "dump", "again.rb").ok();
    assertThat(rails.directory().resolve("again.rb")).hasContent(schema);
  }

  @Test
  void flyway() throws Exception {
    MigrationTool project = new MigrationTool("flyway");
    project.recipe("flyway.conf");
    assertThat(lapse("migrate").exitCode()).as("before there is a table").isEqualTo(1);
    flyway("1").migrate();
    List<String> ours = install();

    Flyway theirs = flyway("latest");
    theirs.migrate();
    theirs.validate();

    assertThat(database.count("SELECT count(note) FROM ai_approvals")).isZero();
    assertThat(objects()).isEqualTo(ours);
    assertExpires();
  }

  /** What the page warns of: Lapse came first, into the schema of all. */
  @Test
  void flywayFindsTheSchemaNotEmpty() throws Exception {
    assertThat(Command.run(database, "migrate").exitCode()).isZero();

    assertThatThrownBy(flyway("1")::migrate)
        .isInstanceOf(FlywayException.class)
        .hasMessageContaining("Found non-empty schema(s) \"public\"");
  }

  private Flyway flyway(String target) throws IOException {
    Properties properties = new Properties();
    try (var file = Files.newBufferedReader(Path.of("src/test/tools/flyway/flyway.conf"))) {
      properties.load(file);
    }
    return Flyway.configure()
        .configuration(properties)
        .dataSource(database.dataSource())
        .target(target)
        .load();
  }

  private static String jdk(String command) {
    return Path.of(System.getProperty("java.home"), "bin", command).toString();
  }

  /** Installs Lapse as the page says, and returns what it brings. */
  private List<String> install() {
    database.execute("CREATE SCHEMA lapse");
    Command migrated = lapse("migrate");
    assertThat(migrated.exitCode()).as(migrated.output()).isZero();
    List<String> ours = objects();
    assertThat(ours)
        .anyMatch(one -> one.startsWith("outbox "))
        .anyMatch(one -> one.startsWith("CREATE INDEX ai_approvals_due"))
        .anyMatch(one -> one.startsWith("ai_approvals_final"))
        .anyMatch(one -> one.startsWith("ai_approvals_not_due"));
    assertThat(lapse("migrate").output()).doesNotContain("missing");
    return ours;
  }

  private List<String> objects() {
    return database.jdbc().sql(OBJECTS).query(String.class).list();
  }

  private Command lapse(String... command) {
    List<String> all = new ArrayList<>(List.of(command));
    all.add("--spring.datasource.url=" + database.url() + "?currentSchema=lapse");
    all.add("--lapse.approvals.schema=public");
    all.addAll(settings);
    return Command.run(database, all.toArray(String[]::new));
  }

  private void assertExpires() {
    boolean rails = settings.contains("--lapse.approvals.zone=UTC");
    database.execute(
        "INSERT INTO ai_approvals (status, %s, expires_at) VALUES ('pending', 1, now() %s - interval '1 minute')"
            .formatted(rails ? "lock_version" : "version", rails ? "AT TIME ZONE 'UTC'" : ""));
    Command expired = lapse("expire");
    assertThat(expired.output()).contains("Approvals expired: 1");
    assertThat(expired.exitCode()).isZero();
    assertThat(database.count("SELECT count(*) FROM ai_approvals WHERE status <> 'expired'"))
        .isZero();
  }

  /** The control: the tool has dropped exactly these, which doctor reports. */
  private void assertDropped(List<String> before, String... beginnings) {
    List<String> gone = new ArrayList<>(before);
    gone.removeAll(objects());
    assertThat(gone).hasSameSizeAs(beginnings);
    Command doctor = lapse("doctor");
    assertThat(doctor.exitCode()).as(doctor.output()).isEqualTo(1);
    for (String beginning : beginnings) {
      assertThat(gone).anyMatch(one -> one.startsWith(beginning));
      assertThat(doctor.output()).contains(beginning.replace("CREATE INDEX ", ""));
    }
  }

  /** As at a start. */
  private void assertHeals(List<String> before) {
    Command migrated = lapse("migrate");
    assertThat(migrated.output())
        .contains("An index or trigger of Lapse is missing; creating it again");
    assertThat(migrated.exitCode()).isZero();
    assertThat(objects()).isEqualTo(before);
    assertExpires();
  }
}
