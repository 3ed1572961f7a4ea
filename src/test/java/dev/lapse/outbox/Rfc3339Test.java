package dev.lapse.outbox;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class Rfc3339Test {

  @ParameterizedTest
  @CsvSource({
    "2026-11-24 20:35:53.196102, 2026-11-24T20:35:53.196102Z",
    "2026-11-24 20:35:53.1961, 2026-11-24T20:35:53.196100Z",
    "2026-11-24 20:35:53.000009, 2026-11-24T20:35:53.000009Z",
    "2026-11-24 20:35:53, 2026-11-24T20:35:53.000000Z",
    "12026-11-24 20:35:53.5, 12026-11-24T20:35:53.500000Z",
    "0044-03-15 12:00:00 BC, 0044-03-15T12:00:00.000000Z", // the same as to_char
    "0044-03-15 12:00:00.25 BC, 0044-03-15T12:00:00.250000Z",
  })
  void hasMicrosecondsAlways(String postgres, String expected) {
    assertThat(Rfc3339.of(postgres.getBytes(US_ASCII))).asString(US_ASCII).isEqualTo(expected);
  }
}
