package dev.lapse.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lapse.support.Approvals;
import dev.lapse.support.EventConsumer;
import dev.lapse.support.EventConsumer.Event;
import dev.lapse.support.LapseProcess;
import dev.lapse.support.OwnPostgres;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Each fault that the tests of this package need can be done here, and undone. */
class FaultInfrastructureIT {

  private static final Duration PATIENCE = Duration.ofMinutes(1);
  private static final String TOPIC = "approvals.expired";

  private final Deque<AutoCloseable> opened = new ArrayDeque<>();

  @AfterEach
  void closeEverything() throws Exception {
    while (!opened.isEmpty()) {
      opened.pop().close();
    }
  }

  @Test
  void theServiceGoesThroughEveryFaultAndEachEventArrivesOnce() throws Exception {
    KafkaProcesses kafka = opened(KafkaProcesses.start(1));
    OwnPostgres postgres = opened(OwnPostgres.migrated());
    TcpProxy database = opened(TcpProxy.postgres(TcpProxy.local(postgres.port())));
    EventConsumer consumer = opened(EventConsumer.ofTopics(kafka.bootstrapDirect(), Set.of(TOPIC)));
    LapseProcess.Launch launch = launch(postgres.url(database.port()), kafka.bootstrapProxied());
    LapseProcess service = opened(launch.start());
    allArrive(postgres, consumer);

    kafka.kill(0);
    kafka.startAgain(0);
    allArrive(postgres, consumer);

    kafka.pause(0);
    kafka.resume(0);
    allArrive(postgres, consumer);

    TcpProxy broker = kafka.proxies().get(0);
    ArmedTrap unknownOutcome = broker.onKafkaResponse(KafkaWire.END_TXN, 1, Trap.CUT);
    allArrive(postgres, consumer);
    assertThat(unknownOutcome.hasSprung()).isTrue();

    ArmedTrap unheardSweep =
        database.onStatementResult(Pattern.compile("INSERT INTO outbox"), 1, Trap.CUT);
    allArrive(postgres, consumer);
    assertThat(unheardSweep.hasSprung()).isTrue();

    broker.swallow(Direction.TO_CLIENT);
    database.swallow(Direction.TO_SERVER);
    broker.heal();
    database.heal();
    allArrive(postgres, consumer);

    postgres.stopImmediately();
    postgres.start();
    allArrive(postgres, consumer);

    service.pause();
    new Approvals(postgres.jdbc()).due(3);
    service.resume();
    allArrive(postgres, consumer);

    ArmedTrap death = broker.onKafkaRequest(KafkaWire.END_TXN, 1, Trap.instead(service::kill));
    new Approvals(postgres.jdbc()).due(3);
    death.await(PATIENCE);
    assertThat(service.isAlive()).isFalse();
    opened(launch.start());
    allArrive(postgres, consumer);
  }

  @Test
  void theServiceRunsOnAWrongClock() {
    assumeTrue(LapseProcess.canFakeTheClock(), "needs libfaketime");
    KafkaProcesses kafka = opened(KafkaProcesses.start(1));
    OwnPostgres postgres = opened(OwnPostgres.migrated());
    EventConsumer consumer = opened(EventConsumer.ofTopics(kafka.bootstrapDirect(), Set.of(TOPIC)));

    LapseProcess service =
        opened(
            launch(postgres.url(), kafka.bootstrapProxied())
                .clockOffBy(Duration.ofHours(-1))
                .start());

    allArrive(postgres, consumer);
    assertThat(firstTimestamp(service))
        .isBetween(Instant.now().minusSeconds(3900), Instant.now().minusSeconds(3500));
  }

  private static Instant firstTimestamp(LapseProcess service) {
    return service
        .output()
        .lines()
        .filter(line -> line.matches("\\d{4}-\\d\\d-\\d\\dT.*"))
        .map(line -> java.time.OffsetDateTime.parse(line.split(" ", 2)[0]).toInstant())
        .findFirst()
        .orElseThrow();
  }

  @Test
  void aClusterOfThreeSurvivesTheLossOfOne() throws Exception {
    KafkaProcesses kafka = opened(KafkaProcesses.start(3));
    OwnPostgres postgres = opened(OwnPostgres.migrated());
    EventConsumer consumer = opened(EventConsumer.ofTopics(kafka.bootstrapDirect(), Set.of(TOPIC)));
    opened(launch(postgres.url(), kafka.bootstrapProxied()).start());
    allArrive(postgres, consumer);

    kafka.kill(0);
    allArrive(postgres, consumer);

    kafka.startAgain(0);
    kafka.awaitFullReplication();
    allArrive(postgres, consumer);
  }

  @Test
  void theDiskOfTheOutboxIsFullUntilItIsCleared() {
    assumeTrue(SmallDisk.canMount(), "needs the right to mount");
    SmallDisk disk = opened(SmallDisk.mounted(8));
    OwnPostgres postgres = opened(OwnPostgres.migrated());
    disk.take(postgres, "outbox");
    postgres.append(10, "before");

    disk.fill();

    assertThatThrownBy(() -> postgres.append(1000, "during"))
        .hasMessageContaining("No space left on device");
    disk.clear();
    postgres.append(1000, "after");
    assertThat(postgres.eventIds()).hasSize(1010);
  }

  @Test
  void aStandbyLagsBehindACutAndIsPromoted() {
    OwnPostgres primary = opened(OwnPostgres.migrated());
    TcpProxy proxy = opened(TcpProxy.raw(TcpProxy.local(primary.port())));
    OwnPostgres standby = opened(primary.copyWhileStopped());
    standby.startAsStandbyOf(proxy.port());
    primary.append(5, "seen");
    await().atMost(PATIENCE).until(() -> standby.eventIds().size() == 5);

    proxy.refuse();
    primary.append(5, "lost");
    standby.promote();

    standby.append(1, "new");
    assertThat(standby.eventIds()).hasSize(6).containsAll(primary.eventIds().subList(0, 5));
  }

  private static LapseProcess.Launch launch(String jdbcUrl, String bootstrapServers) {
    return LapseProcess.against(jdbcUrl, OwnPostgres.USER, "", bootstrapServers)
        .with(
            Map.of(
                "LAPSE_RELAY_SESSION_TIMEOUT", "1500ms",
                "LAPSE_RELAY_TRANSACTION_TIMEOUT", "5s"));
  }

  /** Three more approvals are due, and consumers have every event of the outbox once. */
  private static void allArrive(OwnPostgres postgres, EventConsumer consumer) {
    new Approvals(postgres.jdbc()).due(3);
    await()
        .atMost(PATIENCE)
        .until(
            () ->
                postgres.count("SELECT count(*) FROM ai_approvals WHERE status = 'pending'") == 0);

    consumer.await(postgres.eventIds().size());

    assertThat(consumer.received())
        .extracting(Event::id)
        .containsExactlyInAnyOrderElementsOf(postgres.eventIds());
  }

  private <T extends AutoCloseable> T opened(T closeable) {
    opened.push(closeable);
    return closeable;
  }
}
