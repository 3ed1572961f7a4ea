package dev.lapse.operations.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The dashboard shows what there is, and Grafana can lay it out. */
class DashboardTest {

  private static final Pattern METRIC = Pattern.compile("\\blapse_\\w+");
  private static final int WIDTH = 24;

  private final JsonNode dashboard =
      JsonMapper.builder().build().readTree(MetricsTable.DIRECTORY.resolve("dashboard.json"));
  private final List<JsonNode> panels = dashboard.get("panels").valueStream().toList();

  @Test
  void asksForMetricsOfTheTableOnlyAndForEachOfThem() {
    Set<String> asked = new TreeSet<>();
    for (String expression : expressions()) {
      METRIC.matcher(expression).results().forEach(result -> asked.add(result.group()));
    }

    assertThat(asked).isSubsetOf(MetricsTable.series());
    assertThat(MetricsTable.documented().keySet())
        .allSatisfy(metric -> assertThat(asked).anyMatch(series -> series.startsWith(metric)));
  }

  private List<String> expressions() {
    List<String> expressions = new ArrayList<>(dashboard.findValuesAsString("expr"));
    expressions.addAll(dashboard.findValuesAsString("definition"));
    assertThat(expressions).hasSizeGreaterThan(30);
    return expressions;
  }

  @Test
  void isADashboardAsGrafanaImportsIt() {
    assertThat(dashboard.get("uid").stringValue()).isEqualTo("lapse");
    assertThat(dashboard.get("title").isString()).isTrue();
    assertThat(dashboard.get("schemaVersion").intValue()).isGreaterThanOrEqualTo(36);
    assertThat(dashboard.at("/templating/list")).isNotEmpty();
    assertThat(panels).extracting(panel -> panel.get("id").intValue()).doesNotHaveDuplicates();
    for (JsonNode panel : panels) {
      assertThat(panel.get("title").stringValue()).isNotBlank();
      if (!panel.get("type").stringValue().equals("row")) {
        assertThat(panel.get("type").stringValue()).isIn("stat", "timeseries");
        assertThat(panel.at("/datasource/uid").stringValue()).isEqualTo("${datasource}");
        assertThat(panel.get("targets")).isNotEmpty();
        assertThat(panel.get("targets").findValuesAsString("refId")).doesNotHaveDuplicates();
      }
    }
  }

  @Test
  void noPanelCoversAnother() {
    Set<String> taken = new TreeSet<>();
    for (JsonNode panel : panels) {
      JsonNode at = panel.get("gridPos");
      int left = at.get("x").intValue();
      int top = at.get("y").intValue();
      assertThat(left + at.get("w").intValue()).isLessThanOrEqualTo(WIDTH);
      for (int x = left; x < left + at.get("w").intValue(); x++) {
        for (int y = top; y < top + at.get("h").intValue(); y++) {
          assertThat(taken.add(x + " " + y)).as(panel.get("title").stringValue()).isTrue();
        }
      }
    }
  }
}
