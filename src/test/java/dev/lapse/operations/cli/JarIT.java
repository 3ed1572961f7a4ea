package dev.lapse.operations.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lapse.support.Approvals;
import dev.lapse.support.LapseProcess;
import dev.lapse.support.Leftovers;
import dev.lapse.support.Servers;
import dev.lapse.support.TestDatabase;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Commands through the jar itself, each as a process, with its settings in the environment: that
 * the jar has all that they need, what they exit with, and what they print. What they do in each
 * case has tests in the JVM of the tests.
 */
class JarIT {

  private final TestDatabase database = TestDatabase.empty(Servers.postgres());
  private final String name = "jar-" + UUID.randomUUID();

  @AfterEach
  void closeDatabase() {
    database.close();
  }

  @Test
  void migratesWhateverIsConfiguredForTheService() throws Exception {
    String output = run(0, Map.of("SPRING_FLYWAY_ENABLED", "false"), "migrate");

    assertThat(output).startsWith("The schema is up to date: version ");
    assertThat(database.count("SELECT count(*) FROM outbox")).isZero();
  }

  @Test
  void expiresOnceAndPrintsTheCount() throws Exception {
    database.migrate();
    String first = new Approvals(database).due(30).get(0).toString();

    assertThat(run(0, Map.of(), "expire", "--dry-run"))
        .contains("Approvals that would expire: 30. Nothing was changed.")
        .contains(first + " due since ")
        .contains("… and 10 more");
    assertThat(run(0, Map.of(), "expire")).isEqualToIgnoringNewLines("Approvals expired: 30");
    assertThat(database.count("SELECT count(*) FROM outbox")).isEqualTo(30);
  }

  @Test
  void tellsWhereThingsStand() throws Exception {
    database.migrate();
    new Approvals(database).notDue(3);

    assertThat(run(0, Map.of(), "status")).contains("pending          3");
  }

  @Test
  void auditsAndExitsWithOneIfSomethingIsFound() throws Exception {
    database.migrate();
    assertThat(run(0, Map.of(), "audit")).contains("No problems found.");

    new Approvals(database).insert(1, "-2 min");
    assertThat(run(1, Map.of(), "audit")).contains("FOUND   overdue: 1");
  }

  @Test
  void doctorSaysWhatIsWrong() throws Exception {
    database.migrate();
    database.execute("DROP TRIGGER ai_approvals_final ON ai_approvals");

    assertThat(run(1, Map.of(), "doctor")).contains("ok      database: PostgreSQL ", "WRONG");
  }

  @Test
  void namesTheDatabaseThatDoesNotAnswerButNotThePassword() throws Exception {
    String output =
        run(
            1,
            Map.of(
                "SPRING_DATASOURCE_URL", "jdbc:postgresql://127.0.0.1:1/x?password=hidden-a",
                "SPRING_DATASOURCE_PASSWORD", "hidden-b"));

    assertThat(output)
        .contains("PostgreSQL does not answer at jdbc:postgresql://127.0.0.1:1/x (")
        .contains("set SPRING_DATASOURCE_URL to")
        .doesNotContain("hidden-")
        .doesNotContain("\tat ");
  }

  @Test
  void generatesACompletionThatBashTakes() throws Exception {
    Path script = Leftovers.file("lapse-", ".bash");
    try {
      Files.writeString(script, run(0, Map.of(), "generate-completion"));

      Process bash =
          new ProcessBuilder(
                  "bash",
                  "-c",
                  "source \"$1\"; COMP_WORDS=(lapse replay --from); COMP_CWORD=2;"
                      + " COMP_LINE='lapse replay --from'; _complete_lapse; echo \"${COMPREPLY[@]}\"",
                  "bash",
                  script.toString())
              .redirectErrorStream(true)
              .start();
      assertThat(new String(bash.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
          .contains("--from-id");
    } finally {
      Files.delete(script);
    }
  }

  @Test
  void teachesItsUse() throws Exception {
    assertThat(run(0, Map.of(), "--help"))
        .contains("expire", "SPRING_DATASOURCE_URL", "LAPSE_KAFKA_BOOTSTRAP_SERVERS", "Exit codes");
  }

  @Test
  void exitsWithTwoForAWrongCommandLine() throws Exception {
    assertThat(run(2, Map.of(), "exprie")).contains("Did you mean: lapse expire");
  }

  private String run(int exitCode, Map<String, String> environment, String... args)
      throws Exception {
    try (LapseProcess process =
        LapseProcess.against(database)
            .with(Map.of("LAPSE_RELAY_NAME", name))
            .with(environment)
            .start(args)) {
      assertThat(process.exitCode()).as(process::output).isEqualTo(exitCode);
      return process.output();
    }
  }
}
