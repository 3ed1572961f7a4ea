package dev.lapse.operations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lapse.support.Approvals;
import dev.lapse.support.LapseProcess;
import dev.lapse.support.TestDatabase;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Expiring needs no Kafka: the service starts without it, expires, and says what waits. */
class NoKafkaIT {

  @Test
  void approvalsExpireWhileKafkaIsAway() throws Exception {
    try (TestDatabase database = TestDatabase.migrated()) {
      new Approvals(database).due(20);
      try (LapseProcess service =
          LapseProcess.start(database, Map.of("LAPSE_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1"))) {
        await()
            .atMost(Duration.ofMinutes(2))
            .until(
                () ->
                    database.count("SELECT count(*) FROM ai_approvals WHERE status = 'expired'")
                        == 20);
        await()
            .atMost(Duration.ofMinutes(1))
            .untilAsserted(
                () ->
                    assertThat(service.output())
                        .containsOnlyOnce("Cannot use Kafka: publishing waits"));
        assertThat(service.get("/actuator/health/liveness").statusCode()).isEqualTo(200);
        assertThat(service.get("/actuator/health").body())
            .contains("Kafka does not answer at 127.0.0.1:1");
      }
    }
  }
}
