package dev.lapse.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lapse.support.Contract;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Until its URI changes, a schema only grows. */
class CompatibilityTest {

  private static final JsonMapper JSON = JsonMapper.builder().build();

  private static final String OLDER =
      """
      {"$id": "urn:a:1", "type": "object", "required": ["a", "b"],
       "properties": {"a": {"type": "string", "description": "old"}, "b": {"const": 1}}}
      """;

  static List<Path> released() throws IOException {
    try (Stream<Path> files = Files.list(Contract.RELEASED)) {
      return files.sorted().toList();
    }
  }

  /** With another $id it is another schema, which promised nothing yet. */
  @ParameterizedTest
  @MethodSource("released")
  void theContractOnlyAddsToItsLastRelease(Path released) {
    JsonNode older = JSON.readTree(released);
    JsonNode newer = JSON.readTree(Contract.FILES.resolve(released.getFileName()));

    if (older.required("$id").equals(newer.required("$id"))) {
      assertThat(Compatibility.violations(older, newer)).isEmpty();
    }
  }

  @Test
  void letsAPropertyBeAddedAndWordsBeChanged() {
    String newer =
        """
        {"$id": "urn:a:1", "type": "object", "required": ["a", "b", "c"], "title": "new",
         "properties": {"a": {"type": "string", "description": "new"}, "b": {"const": 1},
                        "c": {"type": "object"}, "d": {"type": "null"}}}
        """;

    assertThat(violations(newer)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          one may be missing   | "required": ["a", "b"]   | "required": ["a"]           | /required: no longer "b"
          one is gone          | "b": {"const": 1}        | "c": {"const": 1}           | /properties/b: was {"const":1}, is absent
          another type         | "type": "string"         | "type": "integer"           | /properties/a/type: was "string", is "integer"
          several types        | "type": "string"         | "type": ["string", "null"]  | /properties/a/type: was "string", is ["string","null"]
          another value        | "const": 1               | "const": 2                  | /properties/b/const: was 1, is 2
          any value            | "const": 1               | "title": "1"                | /properties/b/const: was 1, is absent
          closed               | "type": "object"         | "type": "object", "additionalProperties": false | /additionalProperties: was absent, is false
          """)
  void findsWhatIsTakenBack(String what, String from, String to, String violation) {
    String newer = OLDER.replace(from, to);

    assertThat(newer).as("the test itself").isNotEqualTo(OLDER);
    assertThat(violations(newer)).as(what).containsExactly(violation);
  }

  private static List<String> violations(String newer) {
    return Compatibility.violations(JSON.readTree(OLDER), JSON.readTree(newer));
  }
}
