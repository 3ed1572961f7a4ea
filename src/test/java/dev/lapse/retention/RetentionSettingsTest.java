package dev.lapse.retention;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

class RetentionSettingsTest {

  @Test
  void workWithoutAnySetting() {
    RetentionSettings settings =
        new Binder(new MapConfigurationPropertySource())
            .bindOrCreate("lapse.retention", Bindable.of(RetentionSettings.class));

    assertThat(settings)
        .isEqualTo(new RetentionSettings(true, Duration.ofDays(7), Duration.ofMinutes(1), 1000));
  }
}
