package dev.lapse.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/** What the documents name is there, and what is there is in the documents. */
class DocsNamesTest {

  private static final Pattern ROW = Pattern.compile("(?m)^\\| `(lapse_\\w+)` \\| (\\w+) \\|");
  private static final Pattern METRIC = Pattern.compile("\\blapse_[a-z_]+\\b");
  private static final Pattern SETTING = Pattern.compile("(?<![\\w./-])lapse\\.[a-z][a-z0-9.-]*");
  private static final Pattern VARIABLE = Pattern.compile("\\bLAPSE_[A-Z_]+\\b");
  private static final Pattern COMMAND =
      Pattern.compile("(?:`|\\n *)(?:java -jar (?:target/)?lapse\\.jar|lapse) ([a-z-]+)");
  private static final Pattern ENDPOINT = Pattern.compile("/actuator/([a-z]+)");
  private static final Pattern CREATED =
      Pattern.compile(
          "(?m)^ *CREATE (?:OR REPLACE )?(TABLE|FUNCTION|TRIGGER|CONSTRAINT TRIGGER|INDEX(?! CONCURRENTLY))"
              + " (?:IF NOT EXISTS )?(?:%1\\$I\\.)?(\\w+)");
  private static final Pattern TEST_CLASS = Pattern.compile("`(\\w*[a-z]\\w*(?:IT|Test))`");
  private static final Pattern ALERT = Pattern.compile("\\bLapse[A-Z]\\w+");
  private static final Pattern LOGGED =
      Pattern.compile("log\\s*\\.\\s*(?:warn|error)\\(\\s*\"((?:\\\\.|[^\"\\\\])*)\"");
  private static final Pattern FIELDS = Pattern.compile(" [\\w.]+=.*|\\{}.*");

  private static final Set<String> ROLES =
      Set.of("lapse_owner", "lapse_service", "lapse_application", "lapse_reader");

  /** What looks like one: files, settings of the session, and names with their schema. */
  private static final Set<String> NO_SETTINGS =
      Set.of(
          "lapse.jar", "lapse.sql", "lapse.actor", "lapse.reason", "lapse.outbox", "lapse.decide");

  private static String page(String name) {
    return Texts.read(Texts.DOCS.resolve(name));
  }

  private static Set<String> found(Pattern pattern, int group, String text) {
    return pattern
        .matcher(text)
        .results()
        .map(result -> result.group(group))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static void assertEach(Pattern pattern, int group, Predicate<String> isThere) {
    for (Path document : Texts.documents()) {
      assertThat(found(pattern, group, Texts.read(document)))
          .as(document.toString())
          .allMatch(isThere);
    }
  }

  /** MetricsIT holds the table of the page to what is scraped. */
  @Test
  void metricsAreInTheTable() {
    Set<String> metrics = found(ROW, 1, page("operate/monitoring.md"));
    assertThat(metrics).isNotEmpty();
    String optional =
        Texts.files(Path.of("db/optional"), 1, ".sql")
            .map(Texts::read)
            .collect(Collectors.joining("\n"));
    assertEach(
        METRIC,
        0,
        name ->
            ROLES.contains(name)
                || optional.contains("CREATE OR REPLACE TRIGGER " + name)
                || optional.contains("CREATE OR REPLACE FUNCTION ${lapse}." + name)
                || name.equals("lapse_schema_history")
                || metrics.contains(name.replaceFirst("_(bucket|count|sum|max)$", "")));
  }

  @Test
  void settingsAndTheirVariablesExist() {
    List<JsonNode> settings = ConfigurationReferenceTest.settings();
    Set<String> names =
        settings.stream().map(ConfigurationReferenceTest::name).collect(Collectors.toSet());
    assertEach(
        SETTING,
        0,
        name ->
            NO_SETTINGS.contains(name)
                || names.contains(name)
                || names.stream().anyMatch(one -> one.startsWith(name.replaceFirst("\\.?$", ".")))
                || settings.stream()
                    .filter(ConfigurationReferenceTest::isMap)
                    .anyMatch(map -> name.startsWith(ConfigurationReferenceTest.name(map) + ".")));
    assertEach(
        VARIABLE,
        0,
        name ->
            settings.stream()
                .anyMatch(
                    setting -> {
                      String variable =
                          ConfigurationReferenceTest.variable(
                              ConfigurationReferenceTest.name(setting));
                      return name.equals(variable)
                          || (ConfigurationReferenceTest.isMap(setting)
                              && name.startsWith(variable + "_"));
                    }));
  }

  /** ManualTest holds the page to the commands. */
  @Test
  void commandsExist() {
    Set<String> commands =
        found(Pattern.compile("(?m)^## lapse ([a-z-]+)$"), 1, page("operate/commands.md"));
    assertThat(commands).contains("run", "expire", "doctor");
    assertEach(COMMAND, 1, commands::contains);
  }

  @Test
  void endpointsAreThoseThatAreExposed() {
    Set<String> exposed =
        Set.of(
            YAMLMapper.builder()
                .build()
                .readTree(Path.of("src/main/resources/application.yaml"))
                .at("/management/endpoints.web.exposure.include")
                .stringValue()
                .split(", *", -1));
    assertThat(exposed).contains("health");
    assertEach(ENDPOINT, 1, exposed::contains);
    assertThat(found(ENDPOINT, 1, page("operate/roles-and-security.md"))).isEqualTo(exposed);
  }

  @Test
  void databaseObjectsAreThoseOfTheMigrations() {
    String migrations =
        Texts.files(Path.of("db/migration"), 1, ".sql")
            .map(Texts::read)
            .collect(Collectors.joining("\n"));
    Set<String> created = found(CREATED, 2, migrations);
    String page = page("reference/database-objects.md");
    assertThat(created)
        .contains("outbox", "purge_outbox", "ai_approvals_final")
        .allSatisfy(name -> assertThat(page).contains("`" + name + "`"));

    Set<String> tables =
        found(Pattern.compile("CREATE TABLE (?:IF NOT EXISTS )?(\\w+)"), 1, migrations);
    String section = page.split("## Tables", 2)[1].split("\n## ", 2)[0];
    assertThat(found(Pattern.compile("(?m)^\\| `(\\w+)` \\|"), 1, section))
        .allMatch(name -> tables.contains(name) || name.equals("lapse_schema_history"));
  }

  @Test
  void testClassesExist() {
    Set<String> classes =
        Stream.of("src/test/java", "src/bench/java")
            .flatMap(root -> Texts.files(Path.of(root), 99, ".java"))
            .map(file -> file.getFileName().toString().replace(".java", ""))
            .collect(Collectors.toSet());
    assertEach(TEST_CLASS, 1, classes::contains);
  }

  /** AlertsTest holds the runbook to the alerts. */
  @Test
  void alertsExist() {
    Set<String> alerts = found(Pattern.compile("alert: (\\w+)"), 1, page("operate/alerts.yaml"));
    assertThat(alerts).isNotEmpty();
    assertEach(ALERT, 0, alerts::contains);
  }

  @Test
  void everyWarningAndErrorIsInTheRunbookOrInTroubleshooting() {
    String help = page("operate/troubleshooting.md") + page("operate/runbook.md");
    List<String> messages =
        Texts.files(Path.of("src/main/java"), 99, ".java")
            .map(DocsNamesTest::joined)
            .flatMap(java -> found(LOGGED, 1, java).stream())
            .map(message -> FIELDS.matcher(message).replaceFirst(""))
            .toList();
    assertThat(messages).hasSizeGreaterThan(20);
    assertThat(messages).allSatisfy(message -> assertThat(help).contains(message));
  }

  private static String joined(Path file) {
    return Texts.read(file).replaceAll("\"\\s*\\+\\s*\"", "");
  }

  @Test
  void filesThatAreNamedExist() {
    assertEach(
        Pattern.compile("`((?:db|deploy|docs|src)/[\\w./-]+)`"),
        1,
        name -> Files.exists(Path.of(name)));
  }
}
