package dev.lapse.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.lapse.support.Contract;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/** The AsyncAPI document is one, and speaks of the files beside it. */
class AsyncApiTest {

  /** The directory {@code schemas} of the npm package {@code @asyncapi/specs}. */
  private static final String SCHEMAS = "ASYNCAPI_SCHEMAS";

  private final JsonNode document =
      YAMLMapper.builder().build().readTree(Contract.FILES.resolve("asyncapi.yaml"));

  @Test
  void isOneByTheOfficialSchema() {
    assumeTrue(
        System.getenv(SCHEMAS) != null || System.getenv("CI") != null,
        "Not checked against AsyncAPI's own schema: " + SCHEMAS + " does not say where that is");
    Schema schema =
        SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_7)
            .getSchema(
                JsonMapper.builder()
                    .build()
                    .readTree(Path.of(System.getenv(SCHEMAS), "3.0.0.json")));

    assertThat(schema.validate(document)).isEmpty();
    ObjectNode another = ((ObjectNode) document).deepCopy().without(List.of("info"));
    assertThat(schema.validate(another)).as("control").isNotEmpty();
  }

  @Test
  void everyReferenceLeadsSomewhere() {
    List<String> references = document.findValues("$ref").stream().map(JsonNode::asString).toList();

    assertThat(references).hasSize(28).allMatch(this::leadsSomewhere);
  }

  private boolean leadsSomewhere(String reference) {
    return reference.startsWith("#")
        ? !document.at(reference.substring(1)).isMissingNode()
        : Files.exists(Contract.FILES.resolve(reference));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"Decided", "Escalated", "Expired", "Expiring", "Requested", "Rescheduled"})
  void namesTheMessageByItsType(String type) {
    JsonNode headers =
        JsonMapper.builder()
            .build()
            .readTree(
                Contract.FILES.resolve(
                    "approval-%s.headers.schema.json".formatted(type.toLowerCase(Locale.ROOT))));

    assertThat(document.at("/components/messages/approval%s/name".formatted(type)))
        .isEqualTo(headers.at("/properties/ce_type/const"));
  }
}
