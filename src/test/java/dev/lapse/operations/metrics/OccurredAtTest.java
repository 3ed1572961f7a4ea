package dev.lapse.operations.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** When events occurred, to the microsecond. */
class OccurredAtTest {

  private final OccurredAt occurredAt = new OccurredAt();

  @Test
  void readsWhatInstantReads() {
    for (String text :
        new String[] {
          "2026-11-24T20:35:53.196102Z",
          "2026-11-24T20:35:53.000001Z",
          "2026-11-24T20:35:54.000000Z",
          "1969-12-31T23:59:59.999999Z",
          "0001-01-01T00:00:00.000000Z",
          "2026-11-24T20:35:53.196102Z"
        }) {
      assertThat(micros(text)).as(text).isEqualTo(OccurredAt.micros(Instant.parse(text)));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "12026-11-24T20:35:53.196102Z", "2026-13-24T20:35:53.196102Z"})
  void leavesOutWhatItCannotRead(String text) {
    assertThat(micros(text)).isEqualTo(OccurredAt.UNKNOWN);
    assertThat(micros("2026-11-24T20:35:53.196102Z")).isPositive();
  }

  private long micros(String text) {
    return occurredAt.micros(text.getBytes(StandardCharsets.US_ASCII));
  }
}
