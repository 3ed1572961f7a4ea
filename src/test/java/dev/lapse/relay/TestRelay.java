package dev.lapse.relay;

import dev.lapse.event.EventEncoder;
import dev.lapse.kafka.KafkaAccess;
import dev.lapse.kafka.KafkaAtStart;
import dev.lapse.kafka.KafkaSettings;
import dev.lapse.outbox.Checkpoints;
import dev.lapse.outbox.DeadLetters;
import dev.lapse.outbox.Feeds;
import dev.lapse.outbox.OutboxIdentities;
import dev.lapse.outbox.OutboxReader;
import dev.lapse.outbox.Restamp;
import dev.lapse.pause.Pauses;
import dev.lapse.support.EventConsumer;
import dev.lapse.support.KafkaServer;
import dev.lapse.support.Servers;
import dev.lapse.support.TestDatabase;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import javax.sql.DataSource;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.errors.InvalidTxnStateException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.util.unit.DataSize;

/** A relay of a test's own, with topics of its own, stepped by the test instead of by a thread. */
final class TestRelay implements AutoCloseable {

  static final int MAX_DEAD_LETTERS = 5;

  private static final AtomicInteger NUMBER = new AtomicInteger();

  final RelayStep step;
  final RelaySettings settings;
  final OutboxReader reader;
  final TakeOver takeOver;
  final PositionTopic positionTopic;
  final Function<Admin, EventPublisher> publisher;
  final Heard heard = new Heard();
  final KafkaClients clients;
  private final String bootstrapServers;

  private TestRelay(
      KafkaSettings kafka,
      DataSource database,
      String name,
      int pageRecords,
      Map<String, String> moreTopics) {
    this.bootstrapServers = kafka.bootstrapServers();
    Map<String, String> eventTopics = new HashMap<>(moreTopics);
    eventTopics.put("ApprovalExpired", name + ".expired");
    eventTopics.put("Noted", name + ".noted");
    this.settings =
        new RelaySettings(
            true,
            name,
            "/approvals",
            eventTopics,
            pageRecords,
            DataSize.ofMegabytes(4),
            Duration.ofMillis(5),
            Duration.ofSeconds(3), // a member that has vanished is waited for this long
            Duration.ofSeconds(15),
            Duration.ofMillis(100),
            MAX_DEAD_LETTERS,
            "");
    this.clients = new KafkaClients(kafka, settings);
    Topics topics = new Topics(kafka, settings);
    this.reader = new OutboxReader(database, pageRecords, settings.pageSize().toBytes());
    this.positionTopic = new PositionTopic(clients, settings);
    this.takeOver =
        new TakeOver(
            clients,
            settings,
            topics,
            reader,
            new Checkpoints(JdbcClient.create(database)),
            DeadLetters.brisk(database, Parking.TABLE_PATIENCE),
            new Restamp(JdbcClient.create(database)),
            new OutboxIdentities(JdbcClient.create(database)),
            heard);
    this.step =
        new RelayStep(
            clients,
            settings,
            topics,
            takeOver,
            new Pauses(JdbcClient.create(database)),
            new Feeds(JdbcClient.create(database)),
            new KafkaAtStart(new KafkaAccess(kafka)),
            heard);
    this.publisher =
        admin ->
            new EventPublisher(
                clients,
                admin,
                topics,
                new EventEncoder(settings.source(), settings.topics()),
                positionTopic,
                new OutboxIdentities(JdbcClient.create(database)).of(name),
                new Poison(),
                new TransactionWindow(pageRecords, settings.transactionTimeout()));
  }

  static String freshName() {
    return "relay" + NUMBER.incrementAndGet() + "-" + ProcessHandle.current().pid();
  }

  static TestRelay of(TestDatabase database) {
    return of(database, freshName(), 500);
  }

  static TestRelay of(TestDatabase database, String name, int pageRecords) {
    return of(database.service(), name, pageRecords);
  }

  static TestRelay of(DataSource database, String name, int pageRecords) {
    return of(database, name, pageRecords, Map.of());
  }

  static TestRelay of(TestDatabase database, String name, Map<String, String> moreTopics) {
    return of(database.service(), name, 500, moreTopics);
  }

  static TestRelay of(
      DataSource database, String name, int pageRecords, Map<String, String> moreTopics) {
    KafkaServer kafka = Servers.kafka();
    return new TestRelay(
        new KafkaSettings(kafka.bootstrapServers(), 3, (short) 1, "none", Map.of()),
        database,
        name,
        pageRecords,
        moreTopics);
  }

  /** On a Kafka of the test's own. */
  static TestRelay of(
      KafkaSettings kafka, TestDatabase database, String name, Map<String, String> moreTopics) {
    return new TestRelay(kafka, database.service(), name, 500, moreTopics);
  }

  /** A consumer of all that this relay publishes to the topics of its own. */
  EventConsumer consumer() {
    return EventConsumer.of(bootstrapServers, settings.name() + ".")
        .without(settings.positionTopic());
  }

  /**
   * Steps until it leads and has found nothing more to publish.
   *
   * <p>A broker may refuse a new producer's first transaction (InvalidTxnStateException, seen once
   * in some two hundred take-overs); as after any error, the loop would take over again.
   */
  void drain() throws Exception {
    boolean more = true;
    for (int refused = 0; more; ) {
      try {
        more = step.runOnce().isZero(); // standing by, or more to publish
      } catch (InvalidTxnStateException e) {
        if (++refused > 3) {
          throw e;
        }
        step.recover(e);
      }
    }
  }

  /** As the loop does: a cycle that failed is followed by another take-over. */
  void drainThroughFailures() throws Exception {
    for (int attempt = 0; ; attempt++) {
      try {
        drain();
        return;
      } catch (Exception e) {
        if (attempt == 10) {
          throw e;
        }
        step.recover(e);
      }
    }
  }

  @Override
  public void close() {
    step.close();
  }
}
