package dev.lapse.approvals;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

class ApprovalsSettingsTest {

  @Test
  void isTheTableThatLapseCreatesIfNothingIsSet() {
    assertThat(bind(Map.of())).isEqualTo(ApprovalsSettings.STANDARD);
    assertThat(bind(Map.of("lapse.approvals.attributes", "action")).isStandard()).isTrue();
    assertThat(bind(Map.of("lapse.approvals.columns.version", "")).isStandard()).isFalse();
    assertThat(bind(Map.of("lapse.approvals.schema", "app")).isStandard()).isFalse();
  }

  @Test
  void takesAnEmptyNameForAColumnThatIsNotThere() {
    ApprovalsSettings settings =
        bind(
            Map.of(
                "lapse.approvals.columns.version", "",
                "lapse.approvals.columns.executed-at", ""));

    assertThat(settings.columns().version()).isEmpty();
    assertThat(settings.columns().executedAt()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          columns.id            | ''                 | lapse.approvals.columns.id is "": use a name of 1 to 63 bytes
          table                 | ää345678901234567890123456789012345678901234567890123456789012 | of 1 to 63 bytes
          zone                  | Mars/Olympus       | lapse.approvals.zone is "Mars/Olympus": use the name of a time zone
          zone                  | +02:00             | such as UTC or Europe/Berlin
          attributes            | a,b,a              | name at most 20 columns, each once
          statuses.pending      | PENDING            | also set ….approved and ….rejected
          statuses.approved     | ok,pending         | contains a status twice
          """)
  void saysWhatIsWrongWithASetting(String name, String value, String message) {
    assertThatThrownBy(() -> bind(Map.of("lapse.approvals." + name, value)))
        .rootCause()
        .hasMessageContaining(message);
  }

  private static ApprovalsSettings bind(Map<String, String> properties) {
    return new Binder(new MapConfigurationPropertySource(properties))
        .bindOrCreate("lapse.approvals", ApprovalsSettings.class);
  }
}
