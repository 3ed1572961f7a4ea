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
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/**
 * What {@code docs/reference/contract} promises about the events of Lapse, and what its last
 * release did: whoever was written for that must understand what is published now.
 */
public final class Contract {

  public static final Path FILES = Path.of("docs/reference/contract");
  public static final Path RELEASED = FILES.resolve("released");

  /** What every CloudEvents intermediary forwards. */
  private static final int MOST_BYTES = 64 * 1024;

  private static final JsonMapper JSON = JsonMapper.builder().build();

  /** Types of events, as the files beside the one of the contract name them. */
  private static final Map<String, String> NAMES =
      Map.of(
          "ApprovalDecided", "approval-decided",
          "ApprovalEscalated", "approval-escalated",
          "ApprovalExpired", "approval-expired",
          "ApprovalExpiring", "approval-expiring",
          "ApprovalRequested", "approval-requested",
          "ApprovalRescheduled", "approval-rescheduled");

  private static final Map<String, List<Schema>> VALUES = new ConcurrentHashMap<>();
  private static final Map<String, List<Schema>> HEADERS = new ConcurrentHashMap<>();

  private Contract() {}

  /** As it is, and as it was released; of a type that is none, those of an expiry. */
  private static List<Schema> schemas(
      Map<String, List<Schema>> known, Map<String, String> headers, String ending) {
    String name = NAMES.getOrDefault(headers.getOrDefault("ce_type", ""), "approval-expired");
    return known.computeIfAbsent(
        name, of -> List.of(schema(FILES, of + ending), schema(RELEASED, of + ending)));
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
    schemas(VALUES, headers, "")
        .forEach(schema -> violations.addAll(violations(schema, "value", value)));
    String json = JSON.writeValueAsString(headers);
    schemas(HEADERS, headers, ".headers")
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
