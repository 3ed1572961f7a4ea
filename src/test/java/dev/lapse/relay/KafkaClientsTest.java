package dev.lapse.relay;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lapse.kafka.KafkaSettings;
import java.time.Duration;
import java.util.Map;
import org.apache.kafka.common.KafkaException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.util.unit.DataSize;

/** Clients are made without a broker, and refuse settings that contradict each other. */
class KafkaClientsTest {

  @ParameterizedTest
  @CsvSource({
    "request.timeout.ms, 30000", // Kafka's own default
    "linger.ms, 20000",
    "delivery.timeout.ms, 1",
    "batch.size, 2000000",
    "max.poll.interval.ms, 1",
  })
  void areMadeWhateverAPropertySays(String name, String value) {
    KafkaClients clients = clients(name, value);

    assertThatCode(
            () -> {
              clients.producer(100_000).close(Duration.ZERO);
              clients.groupMember().close();
            })
        .doesNotThrowAnyException();
  }

  @Test
  void sayWhatIsNoNumber() {
    assertThatThrownBy(() -> clients("linger.ms", "soon").producer(100_000).close(Duration.ZERO))
        .isInstanceOf(KafkaException.class)
        .hasMessageContaining("linger.ms")
        .hasMessageContaining("soon");
  }

  private static KafkaClients clients(String property, String value) {
    return new KafkaClients(
        new KafkaSettings("localhost:9092", 3, (short) 1, "none", Map.of(property, value)),
        new RelaySettings(
            true,
            "lapse",
            "/approvals",
            Map.of(),
            100,
            DataSize.ofMegabytes(1),
            Duration.ofMillis(5),
            Duration.ofSeconds(6),
            Duration.ofSeconds(15),
            Duration.ofSeconds(5),
            5,
            ""));
  }
}
