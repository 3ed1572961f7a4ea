package dev.lapse.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertySource;
import org.springframework.core.env.SystemEnvironmentPropertySource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The configuration reference is what the settings say of themselves, all of them. */
class ConfigurationReferenceTest {

  static final Path METADATA =
      Path.of("target/classes/META-INF/spring-configuration-metadata.json");

  private static final Path PAGE = Texts.DOCS.resolve("reference/configuration.md");

  /** By hand, since no processor knows them: of the text before the generated tables. */
  private static final String GENERATED = "<!-- generated from here on -->\n";

  private static final List<String> ESSENTIAL =
      List.of(
          "lapse.kafka.bootstrap-servers",
          "lapse.relay.name",
          "lapse.relay.source",
          "lapse.approvals.",
          "lapse.kafka.topic-replication",
          "lapse.kafka.properties");
  private static final List<String> COMMON =
      List.of(
          "lapse.expiration.enabled",
          "lapse.relay.enabled",
          "lapse.relay.topics",
          "lapse.expiration.storm-guard.",
          "lapse.retention.period",
          "lapse.management.",
          "lapse.kafka.topic-partitions",
          "lapse.relay.replaces",
          "lapse.database.");

  private static final Pattern DEFAULT = Pattern.compile("[;,]? default:? (.+?)(?=;|\\. |\\.?$)");

  @Test
  void isUpToDate() throws IOException {
    String page = Files.readString(PAGE);
    String expected = page.substring(0, page.indexOf(GENERATED)) + GENERATED + tables();
    Path generated = Path.of("target", "configuration.md");
    Files.writeString(generated, expected);

    assertThat(page).as("bring it up to date with: cp %s %s", generated, PAGE).isEqualTo(expected);
  }

  @Test
  void everySettingHasAMeaning() {
    assertThat(settings()).isNotEmpty().allSatisfy(s -> assertThat(meaning(s)).isNotBlank());
  }

  /** Spring reads each setting from the variable that the page names. */
  @Test
  void everyVariableIsRead() {
    for (JsonNode setting : settings()) {
      String name = name(setting) + (isMap(setting) ? ".any" : "");
      ConfigurationPropertySource variables =
          ConfigurationPropertySource.from(
              new SystemEnvironmentPropertySource(
                  "systemEnvironment", Map.of(variable(name), "value")));

      assertThat(variables).as(name).isNotNull();
      assertThat(
              Objects.requireNonNull(variables)
                  .getConfigurationProperty(ConfigurationPropertyName.of(name)))
          .as(variable(name))
          .isNotNull();
    }
  }

  private static String tables() {
    return table("Essential", settings().stream().filter(s -> is(s, ESSENTIAL)).toList())
        + table("Common", settings().stream().filter(s -> is(s, COMMON)).toList())
        + table(
            "Rarely used",
            settings().stream().filter(s -> !is(s, ESSENTIAL) && !is(s, COMMON)).toList());
  }

  private static String table(String title, List<JsonNode> settings) {
    StringBuilder table = new StringBuilder("\n## " + title + "\n\n");
    table.append("| Setting | Environment variable | Type | Default | Meaning |\n");
    table.append("|---|---|---|---|---|\n");
    settings.forEach(
        setting ->
            table.append(
                "| `%s` | `%s` | %s | %s | %s |\n"
                    .formatted(
                        name(setting) + (isMap(setting) ? ".<name>" : ""),
                        variable(name(setting)) + (isMap(setting) ? "_<NAME>" : ""),
                        type(setting),
                        standard(setting),
                        meaning(setting))));
    return table.toString();
  }

  static List<JsonNode> settings() {
    return JsonMapper.builder()
        .build()
        .readTree(METADATA)
        .get("properties")
        .valueStream()
        .filter(setting -> name(setting).startsWith("lapse."))
        .sorted(java.util.Comparator.comparing(ConfigurationReferenceTest::name))
        .toList();
  }

  private static boolean is(JsonNode setting, List<String> tier) {
    return tier.stream()
        .anyMatch(
            entry ->
                entry.endsWith(".")
                    ? name(setting).startsWith(entry)
                    : name(setting).equals(entry));
  }

  static String name(JsonNode setting) {
    return setting.get("name").stringValue();
  }

  static boolean isMap(JsonNode setting) {
    return setting.get("type").stringValue().startsWith("java.util.Map");
  }

  static String variable(String setting) {
    return setting.replace('-', '_').replace('.', '_').toUpperCase(Locale.ROOT);
  }

  private static String type(JsonNode setting) {
    String type = setting.get("type").stringValue();
    return switch (type.substring(type.lastIndexOf('.') + 1)) {
      case "Boolean" -> "`true`, `false`";
      case "Integer", "Long", "Short" -> "integer";
      case "Double" -> "number";
      case "Duration" -> "duration";
      case "DataSize" -> "size";
      default -> type.startsWith("java.util.List") ? "list" : "text";
    };
  }

  private static String standard(JsonNode setting) {
    JsonNode standard = setting.get("defaultValue");
    if (standard != null) {
      String text = standard.isString() ? standard.stringValue() : standard.toString();
      return text.isEmpty() ? "none" : "`" + text + "`";
    }
    Matcher described = DEFAULT.matcher(code(description(setting)));
    return described.find() ? described.group(1).strip() : "none";
  }

  private static String meaning(JsonNode setting) {
    String text = DEFAULT.matcher(code(description(setting))).replaceAll("");
    return text.isEmpty() ? "" : text.substring(0, 1).toUpperCase(Locale.ROOT) + text.substring(1);
  }

  private static String description(JsonNode setting) {
    JsonNode description = setting.get("description");
    return description == null ? "" : description.stringValue().replaceAll("\\s+", " ");
  }

  private static String code(String javadoc) {
    return javadoc.replaceAll("\\{@code ([^}]*)}", "`$1`");
  }
}
