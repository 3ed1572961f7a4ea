package dev.lapse.outbox;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lapse.support.TestDatabase;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Against what the server itself writes. */
class BinaryFormIT {

  private static final TestDatabase database = TestDatabase.migrated();

  @AfterAll
  static void stop() {
    database.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "2026-11-24 20:35:53.196102+00",
        "2026-11-24 20:35:53.1961+02",
        "2026-11-24 20:35:53.000009-11:30",
        "2000-01-01 00:00:00+00",
        "1999-12-31 23:59:59.999999+00",
        "1970-01-01 00:00:00+00",
        "2024-02-29 12:00:00+00",
        "1900-03-01 00:00:00+00",
        "0001-01-01 00:00:00+00",
        "9999-12-31 23:59:59.999999+00",
        "12026-11-24 20:35:53.5+00",
        "294276-12-31 23:59:59.999999+00",
        "0044-03-15 12:00:00+00 BC",
        "0044-03-15 12:00:00.25+00 BC",
      })
  void writesATimeAsTheServerDoes(String time) {
    String expected =
        database
            .jdbc()
            .sql(
                """
                SELECT to_char(?::timestamptz AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
                """)
            .param(time)
            .query(String.class)
            .single();

    assertThat(BinaryForm.timestamp(sent("timestamptz_send('%s')".formatted(time))))
        .asString(US_ASCII)
        .isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"00000000-0000-0000-0000-000000000000", "01234567-89ab-cdef-fedc-ba9876543210"})
  void writesAUuidAsTheServerDoes(String uuid) {
    assertThat(BinaryForm.uuid(sent("uuid_send('%s')".formatted(uuid))))
        .asString(US_ASCII)
        .isEqualTo(uuid);
  }

  private byte[] sent(String expression) {
    return database.jdbc().sql("SELECT " + expression).query(byte[].class).single();
  }
}
