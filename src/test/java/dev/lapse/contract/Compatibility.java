package dev.lapse.contract;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;

/**
 * The rule by which a schema may change and keep its {@code $id}: by additions only. What was there
 * stays there and stays what it was, so that no consumer of the older one is surprised.
 */
final class Compatibility {

  /** Explain, and promise nothing. */
  private static final Set<String> WORDS = Set.of("title", "description", "examples", "$comment");

  private Compatibility() {}

  /** What {@code newer} takes back of what {@code older} promised; nothing if it only adds. */
  static List<String> violations(JsonNode older, JsonNode newer) {
    List<String> violations = new ArrayList<>();
    compare("", older, newer, violations);
    return violations;
  }

  private static void compare(String at, JsonNode older, JsonNode newer, List<String> violations) {
    if (!older.isObject() || !newer.isObject()) {
      same(at, older, newer, violations);
      return;
    }
    Set<String> keywords = new TreeSet<>();
    keywords.addAll(older.propertyNames());
    keywords.addAll(newer.propertyNames());
    keywords.removeAll(WORDS);
    for (String keyword : keywords) {
      String there = at + "/" + keyword;
      switch (keyword) {
        case "properties" -> properties(there, older, newer, violations);
        case "required" -> required(there, older, newer, violations);
        default -> same(there, older.path(keyword), newer.path(keyword), violations);
      }
    }
  }

  private static void properties(
      String at, JsonNode older, JsonNode newer, List<String> violations) {
    for (Map.Entry<String, JsonNode> property : older.path("properties").properties()) {
      JsonNode now = newer.path("properties").path(property.getKey());
      compare(at + "/" + property.getKey(), property.getValue(), now, violations);
    }
  }

  private static void required(String at, JsonNode older, JsonNode newer, List<String> violations) {
    for (JsonNode name : older.path("required")) {
      if (newer.path("required").valueStream().noneMatch(name::equals)) {
        violations.add("%s: no longer %s".formatted(at, name));
      }
    }
  }

  private static void same(String at, JsonNode older, JsonNode newer, List<String> violations) {
    if (!older.equals(newer)) {
      violations.add("%s: was %s, is %s".formatted(at, text(older), text(newer)));
    }
  }

  private static String text(JsonNode node) {
    return node.isMissingNode() ? "absent" : node.toString();
  }
}
