package dev.lapse.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lapse.support.Contract;
import dev.lapse.support.Golden;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The golden messages are as the contract says, and it notices what is not. */
class ContractTest {

  private final Golden golden = Golden.read("approval-expired");

  @ParameterizedTest
  @ValueSource(
      strings = {
        "approval-expired",
        "approval-expired-replayed",
        "approval-expired-with-attributes",
        "approval-decided",
        "approval-escalated",
        "approval-expiring",
        "approval-requested",
        "approval-rescheduled"
      })
  void theGoldenMessagesKeepIt(String name) {
    Golden message = Golden.read(name);

    assertThat(Contract.violations(message.key(), message.headers(), message.value())).isEmpty();
  }

  @Test
  void aReplayedMessageDiffersInOneHeaderOnly() {
    Map<String, String> headers = new TreeMap<>(Golden.read("approval-expired-replayed").headers());
    headers.remove("lapse-replay");

    assertThat(headers).isEqualTo(golden.headers());
  }

  @Test
  void whatIsAddedBreaksNothing() {
    Map<String, String> headers = new TreeMap<>(golden.headers());
    headers.put("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    String value = golden.value().replace("{", "{\"more\":{\"a\":[1]},");

    assertThat(Contract.violations(golden.key(), headers, value)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          "version":2                   | "version":"2"
          "version":2                   | "version":2.5
          "status":"expired"            | "status":3
          "previousStatus":"pending",   | ""
          "version":2                   | "version":2,"attributes":[]
          "approvalId":"0008f6dc        | "approvalId":null,"x":"0008f6dc
          2026-11-24T20:35:53.194877Z   | 2026-11-24 20:35:53.194877+00
          2026-11-24T20:35:53.194877Z   | 2026-11-24T25:35:53.194877Z
          """)
  void noticesAWrongValue(String from, String to) {
    String value = golden.value().replace(from, to.equals("\"\"") ? "" : to);

    assertThat(value).as("the test itself").isNotEqualTo(golden.value());
    assertThat(Contract.violations(golden.key(), golden.headers(), value)).isNotEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "ce_id, 42",
    "ce_id,",
    "ce_specversion, 0.3",
    "ce_time, today",
    "ce_dataschema, urn:lapse:approval-expired:2",
    "ce_dataschema,",
    "ce_partitionkey, another",
    "ce_subject, another",
    "ce_sequence, 4711",
    "content-type, application/cloudevents+json",
    "ce_expirytime, 2026-11-24T20:35:53.194877Z",
  })
  void noticesAWrongHeader(String name, String value) {
    Map<String, String> headers = new TreeMap<>(golden.headers());
    if (value == null) {
      headers.remove(name);
    } else {
      headers.put(name, value);
    }

    assertThat(Contract.violations(golden.key(), headers, golden.value())).isNotEmpty();
  }

  @Test
  void noticesATombstoneAndAGiant() {
    String giant = golden.value().replace("{", "{\"x\":\"" + "x".repeat(65_536) + "\",");

    assertThat(Contract.violations(golden.key(), golden.headers(), null)).hasSize(1);
    assertThat(Contract.violations(golden.key(), golden.headers(), giant))
        .isEqualTo(List.of("larger than 64 KiB"));
  }
}
