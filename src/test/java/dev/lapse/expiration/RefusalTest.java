package dev.lapse.expiration;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.dao.DataIntegrityViolationException;

class RefusalTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "20000", "21000", "22003", "23514", "23505", "27000", "2F005", "38000", "45000", "P0001",
        "PT409", "U0001"
      })
  void isWhatConstraintsAndFunctionsSayOfARow(String state) {
    assertThat(Refusal.reason(failure(state))).contains("ERROR: no");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "08006", "25006", "40001", "40P01", "42501", "42703", "53100", "54001", "55P03", "57014",
        "58030", "F0001", "HV000", "XX000", "99999", ""
      })
  void isNothingThatWouldBefallAnyRow(String state) {
    assertThat(Refusal.reason(failure(state))).isEmpty();
    assertThat(Refusal.reason(new IllegalStateException("no SQL at all"))).isEmpty();
  }

  private static Exception failure(String state) {
    return new DataIntegrityViolationException(
        "SQL [SELECT]", new SQLException("ERROR: no\n  Detail: Failing row contains (…).", state));
  }
}
