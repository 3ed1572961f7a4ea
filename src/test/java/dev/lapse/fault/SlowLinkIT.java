package dev.lapse.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lapse.support.EventConsumer;
import dev.lapse.support.LapseProcess;
import dev.lapse.support.Outbox;
import dev.lapse.support.TestDatabase;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A link that does not carry a page within a transaction's time-out only makes the relay slow. */
class SlowLinkIT {

  private static final int EVENTS = 1500;

  private final TestDatabase database = TestDatabase.migrated();
  private final KafkaProcesses kafka = KafkaProcesses.start(1);

  @AfterEach
  void stop() {
    kafka.close();
    database.close();
  }

  /** At first some 1.5 MB in one transaction: at this rate eight seconds, of which it has four. */
  @Test
  void allIsPublishedOnceAndInOrder() {
    database.execute(
        """
        INSERT INTO outbox (type, key, payload)
        SELECT 'Noted', n % 7, json_build_object('text', repeat('x', 700))
        FROM generate_series(1, {events}) n
        """
            .replace("{events}", String.valueOf(EVENTS)));
    kafka.proxies().forEach(proxy -> proxy.narrow(200_000));

    try (EventConsumer consumer = EventConsumer.of(kafka.bootstrapDirect(), "slow.");
        LapseProcess service =
            LapseProcess.against(
                    database.url(),
                    database.serviceUser(),
                    database.servicePassword(),
                    kafka.bootstrapProxied())
                .start(
                    "--lapse.relay.topics.Noted=slow.noted",
                    "--lapse.relay.transaction-timeout=5s",
                    "--lapse.kafka.topic-partitions=1")) {
      await()
          .atMost(Duration.ofMinutes(2))
          .pollInterval(Duration.ZERO)
          .untilAsserted(
              () -> {
                consumer.poll(Duration.ofMillis(200));
                assertThat(consumer.received()).as(service::output).hasSize(EVENTS);
              });

      List<String> received =
          consumer.received().stream().map(event -> event.headers().get("ce_id")).toList();
      assertThat(received).isEqualTo(new Outbox(database).eventIds());
      assertThat(service.output()).contains("Worker failed, retrying worker=relay");
    }
  }
}
