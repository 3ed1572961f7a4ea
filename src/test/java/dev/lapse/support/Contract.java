package dev.lapse.support;

import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/**
 * What {@code docs/reference/contract} promises about each event of Lapse's own, and what its last
 * release did: whoever was written for that must understand what is published now.
 */
public final class Contract {

  public static final Path FILES = Path.of("docs/reference/contract");
  public static final Path RELEASED = FILES.resolve("released");

  private static final String EXPIRED = "ApprovalExpired";

  /** What every CloudEvents intermediary forwards. */
  private static final int MOST_BYTES = 64 * 1024;

  private static final JsonMapper JSON = JsonMapper.builder().build();

  /** Their schemas, by type. */
  private static final Map<String, String> NAMES =
      Map.of(
          EXPIRED,
          "approval-expired",
          "ApprovalDecided",
          "approval-decided",
          "ApprovalRequested",
          "approval-requested");

  private static final Map<String, List<Schema>> VALUES = schemas("");
  private static final Map<String, List<Schema>> HEADERS = schemas(".headers");

  private Contract() {}

  private static Map<String, List<Schema>> schemas(String suffix) {
    return NAMES.entrySet().stream()
        .collect(
            Collectors.toMap(
                Map.Entry::getKey,
                name ->
                    List.of(
                        schema(FILES, name.getValue() + suffix),
                        schema(RELEASED, name.getValue() + suffix))));
  }

  /** A registry each: a schema and its released copy have the same id. */
  private static Schema schema(Path directory, String name) {
    return SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
        .getSchema(JSON.readTree(directory.resolve(name + ".schema.json")));
  }

  /** What is wrong with an event; nothing if it is as the contract says. */
  public static List<String> violations(
      @Nullable String key, Map<String, String> headers, @Nullable String value) {
    List<String> violations = new ArrayList<>();
    if (value == null || key == null) {
      return List.of("without a key, or without a value: a tombstone on a compacted topic");
    }
    String type = NAMES.containsKey(headers.get("ce_type")) ? headers.get("ce_type") : EXPIRED;
    VALUES
        .getOrDefault(type, List.of())
        .forEach(schema -> violations.addAll(violations(schema, "value", value)));
    String json = JSON.writeValueAsString(headers);
    HEADERS
        .getOrDefault(type, List.of())
        .forEach(schema -> violations.addAll(violations(schema, "headers", json)));
    if (!key.equals(headers.get("ce_partitionkey")) || !key.equals(headers.get("ce_subject"))) {
      violations.add("the key is not ce_partitionkey and ce_subject");
    }
    if (bytes(key) + bytes(value) + bytes(json) > MOST_BYTES) {
      violations.add("larger than 64 KiB");
    }
    return violations;
  }

  private static List<String> violations(Schema schema, String what, String json) {
    return schema
        .validate(
            json,
            InputFormat.JSON,
            context -> context.executionConfig(config -> config.formatAssertionsEnabled(true)))
        .stream()
        .map(error -> what + error)
        .toList();
  }

  private static int bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }

  /**
   * Refuses an event of Lapse's own that is not as the contract says.
   *
   * @throws IllegalStateException says what is wrong with it
   */
  static void check(@Nullable String key, Map<String, String> headers, @Nullable String value) {
    if (NAMES.containsKey(headers.getOrDefault("ce_type", ""))) {
      List<String> violations = violations(key, headers, value);
      if (!violations.isEmpty()) {
        throw new IllegalStateException(
            "Against the contract: %s; headers %s, value %s".formatted(violations, headers, value));
      }
    }
  }
}
