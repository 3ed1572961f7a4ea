package dev.lapse.operations.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/** The alerts are ones, go off when they should, and each has its entry in the runbook. */
class AlertsTest {

  private static final Pattern METRIC = Pattern.compile("\\blapse_\\w+");
  private static final List<String> SECTIONS =
      List.of("**Impact:**", "**Recovers automatically:**", "\n1. ", "scalate");

  private final List<JsonNode> alerts =
      YAMLMapper.builder()
          .build()
          .readTree(MetricsTable.DIRECTORY.resolve("alerts.yaml"))
          .at("/groups/0/rules")
          .valueStream()
          .toList();

  @Test
  void useMetricsOfTheTableOnly() {
    for (JsonNode alert : alerts) {
      List<String> used =
          METRIC.matcher(alert.get("expr").stringValue()).results().map(r -> r.group()).toList();
      assertThat(used).as(name(alert)).isNotEmpty().isSubsetOf(MetricsTable.series());
    }
  }

  @Test
  void standInTheRunbookUnderTheirNames() throws IOException {
    List<String> headings =
        Files.readAllLines(MetricsTable.DIRECTORY.resolve("runbook.md")).stream()
            .filter(line -> line.startsWith("## "))
            .map(line -> line.substring(3))
            .toList();

    assertThat(headings)
        .containsExactlyInAnyOrderElementsOf(alerts.stream().map(AlertsTest::name).toList());
    for (JsonNode alert : alerts) {
      assertThat(alert.at("/annotations/runbook_url").stringValue())
          .isEqualTo("https://REPLACE-ME/runbook.md#" + name(alert).toLowerCase(Locale.ROOT));
    }
  }

  @Test
  void eachRunbookEntryHasImpactRecoveryStepsAndEscalation() throws IOException {
    String runbook = Files.readString(MetricsTable.DIRECTORY.resolve("runbook.md"));

    for (String entry : runbook.split("(?m)^## ", -1)) {
      if (!entry.startsWith("# ")) {
        assertThat(entry).contains(SECTIONS);
      }
    }
  }

  @Test
  void goOffWhenTheyShouldAndOnlyThen(@TempDir Path copy) throws Exception {
    assumeTrue(
        isPresent("promtool") || System.getenv("CI") != null,
        "Alerts not tried: promtool is absent; Debian has it in the package prometheus");

    assertThat(promtool(MetricsTable.DIRECTORY, "check", "rules", "alerts.yaml")).isZero();
    assertThat(promtool(MetricsTable.DIRECTORY, "test", "rules", "alerts.test.yaml")).isZero();

    assertThat(
            promtool(
                Path.of("deploy/observability"),
                "check",
                "config",
                "--syntax-only",
                "prometheus.yml"))
        .isZero();

    for (String file : List.of("alerts.yaml", "alerts.test.yaml")) {
      String text = Files.readString(MetricsTable.DIRECTORY.resolve(file));
      Files.writeString(copy.resolve(file), text.replace("> 60", "> 6000"));
    }
    assertThat(promtool(copy, "test", "rules", "alerts.test.yaml")).as("control").isNotZero();
  }

  @Test
  void areEachTriedBothWays() {
    JsonNode tests =
        YAMLMapper.builder().build().readTree(MetricsTable.DIRECTORY.resolve("alerts.test.yaml"));

    for (JsonNode alert : alerts) {
      assertThat(
              tests
                  .get("tests")
                  .valueStream()
                  .map(test -> test.at("/alert_rule_test/0"))
                  .filter(test -> test.get("alertname").stringValue().equals(name(alert)))
                  .map(test -> test.get("exp_alerts").isEmpty()))
          .as(name(alert))
          .contains(true, false);
    }
  }

  /** What docker compose mounts is there; a path that is absent it would make a directory. */
  @Test
  void composeMountsWhatThereIs() {
    JsonNode services =
        YAMLMapper.builder().build().readTree(Path.of("docker-compose.yml")).get("services");

    for (String service : List.of("prometheus", "grafana", "demo")) {
      assertThat(services.get(service).get("volumes").valueStream().map(JsonNode::stringValue))
          .isNotEmpty()
          .allMatch(volume -> Files.isRegularFile(Path.of(volume.split(":", -1)[0])));
    }
  }

  private static String name(JsonNode alert) {
    return alert.get("alert").stringValue();
  }

  private static boolean isPresent(String program) {
    for (String directory : System.getenv("PATH").split(":", -1)) {
      if (Files.isExecutable(Path.of(directory, program))) {
        return true;
      }
    }
    return false;
  }

  private static int promtool(Path directory, String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of("promtool"));
    command.addAll(List.of(arguments));
    Path output = Files.createTempFile("promtool-", ".log");
    try {
      return new ProcessBuilder(command)
          .directory(directory.toFile())
          .redirectErrorStream(true)
          .redirectOutput(output.toFile())
          .start()
          .waitFor();
    } finally {
      Files.delete(output);
    }
  }
}
