package dev.lapse.kafka;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;

class KafkaSettingsTest {

  @Test
  void refusesACompressionThatKafkaDoesNotHave() {
    assertThatThrownBy(() -> new KafkaSettings("localhost:9092", 6, (short) -1, "lzma", Map.of()))
        .hasMessage(
            "lapse.kafka.compression is \"lzma\": set one of none, lz4, zstd, snappy, gzip"
                + " (default none)");
  }
}
