package dev.lapse.expiration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

class ExpirationSettingsTest {

  @Test
  void workWithoutAnySetting() {
    ExpirationSettings settings =
        new Binder(new MapConfigurationPropertySource())
            .bindOrCreate("lapse.expiration", Bindable.of(ExpirationSettings.class));

    assertThat(settings)
        .isEqualTo(
            new ExpirationSettings(true, 1000, Duration.ofSeconds(1), null, Sweeps.DEFAULT, true));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 10_000})
  void acceptABatchSizeWithinItsRange(int batchSize) {
    assertThat(
            new ExpirationSettings(
                    true, batchSize, Duration.ofSeconds(1), null, Sweeps.DEFAULT, true)
                .batchSize())
        .isEqualTo(batchSize);
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 0, 10_001})
  void refuseABatchSizeOutOfRange(int batchSize) {
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                new ExpirationSettings(
                    true, batchSize, Duration.ofSeconds(1), null, Sweeps.DEFAULT, true))
        .withMessage(
            "lapse.expiration.batch-size is %d: set it between 1 and 10000 (default 1000)",
            batchSize);
  }

  @ParameterizedTest
  @ValueSource(strings = {"PT0.01S", "PT1H"})
  void acceptALongestPauseWithinItsRange(Duration maxPause) {
    assertThat(new ExpirationSettings(true, 1000, maxPause, null, Sweeps.DEFAULT, true).maxPause())
        .isEqualTo(maxPause);
  }

  @ParameterizedTest
  @ValueSource(strings = {"PT-1S", "PT0S", "PT0.009999999S", "PT1H0.000000001S"})
  void refuseALongestPauseOutOfRange(Duration maxPause) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new ExpirationSettings(true, 1000, maxPause, null, Sweeps.DEFAULT, true))
        .withMessage(
            "lapse.expiration.max-pause is %s: set it between 10ms and 1h (default 1s)", maxPause);
  }

  @ParameterizedTest
  @ValueSource(strings = {"0 * * * * *", "*/10 * * * * *", "@hourly"})
  void acceptACronExpression(String cron) {
    assertThat(
            new ExpirationSettings(true, 1000, Duration.ofSeconds(1), cron, Sweeps.DEFAULT, true)
                .cron())
        .isEqualTo(cron);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "* * * * *", "0 60 * * * *", "every minute"})
  void refuseWhatIsNoCronExpression(String cron) {
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                new ExpirationSettings(
                    true, 1000, Duration.ofSeconds(1), cron, Sweeps.DEFAULT, true))
        .withMessage(
            "lapse.expiration.cron is \"%s\": set six fields (second minute hour day month"
                + " weekday), such as \"0 * * * * *\" for every minute, or leave it out to expire"
                + " on time",
            cron);
  }
}
