package dev.lapse.relay;

import dev.lapse.outbox.Checkpoints;
import dev.lapse.outbox.OutboxReader;
import dev.lapse.outbox.Restamp;
import dev.lapse.support.EventConsumer;
import dev.lapse.support.KafkaServer;
import dev.lapse.support.Servers;
import dev.lapse.support.TestDatabase;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.util.unit.DataSize;

/** A relay of a test's own, with topics of its own, stepped by the test instead of by a thread. */
final class TestRelay implements AutoCloseable {

  private static final AtomicInteger NUMBER = new AtomicInteger();

  final RelayStep step;
  final RelaySettings settings;
  private final KafkaServer kafka;

  private TestRelay(KafkaServer kafka, DataSource database, String name, int pageRecords) {
    this.kafka = kafka;
    this.settings =
        new RelaySettings(
            true,
            name,
            "/approvals",
            Map.of("ApprovalExpired", name + ".expired", "Noted", name + ".noted"),
            pageRecords,
            DataSize.ofMegabytes(4),
            Duration.ofMillis(5),
            Duration.ofSeconds(6),
            Duration.ofSeconds(15),
            Duration.ofMillis(100));
    KafkaSettings kafkaSettings =
        new KafkaSettings(kafka.bootstrapServers(), 3, (short) 1, Map.of());
    KafkaClients clients = new KafkaClients(kafkaSettings, settings);
    Topics topics = new Topics(kafkaSettings, settings);
    this.step =
        new RelayStep(
            clients,
            settings,
            topics,
            new TakeOver(
                clients,
                settings,
                topics,
                new OutboxReader(database, pageRecords, settings.pageSize().toBytes()),
                new Checkpoints(JdbcClient.create(database)),
                new Restamp(JdbcClient.create(database))),
            events -> {});
  }

  static String freshName() {
    return "relay" + NUMBER.incrementAndGet() + "-" + ProcessHandle.current().pid();
  }

  static TestRelay of(TestDatabase database) {
    return of(database, freshName(), 500);
  }

  static TestRelay of(TestDatabase database, String name, int pageRecords) {
    return of(database.dataSource(), name, pageRecords);
  }

  static TestRelay of(DataSource database, String name, int pageRecords) {
    return new TestRelay(Servers.kafka(), database, name, pageRecords);
  }

  /** A consumer of all that this relay publishes to the topics of its own. */
  EventConsumer consumer() {
    return EventConsumer.of(kafka.bootstrapServers(), settings.name() + ".")
        .without(settings.positionTopic());
  }

  /** Steps until it leads and has found nothing more to publish. */
  void drain() throws Exception {
    while (step.runOnce().isZero()) {
      // goes on: standing by, or more to publish
    }
  }

  @Override
  public void close() {
    step.close();
  }
}
