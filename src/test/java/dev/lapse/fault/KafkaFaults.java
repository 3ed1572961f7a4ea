package dev.lapse.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lapse.support.KafkaChanges;
import dev.lapse.support.LapseProcess;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** What happens to brokers, topics, and the way to them. */
final class KafkaFaults {

  private static final String POSITION = World.RELAY + ".position";

  private KafkaFaults() {}

  static List<Fault> all() {
    List<Fault> faults = new ArrayList<>();
    faults.add(Fault.underLoad("broker killed and started", world -> restart(world, true)));
    faults.add(Fault.underLoad("broker stopped and started", world -> restart(world, false)));
    faults.add(Fault.underLoad("broker paused", KafkaFaults::pause));
    faults.add(
        Fault.underLoad("broker slow", network(proxy -> proxy.delay(Duration.ofMillis(100)))));
    faults.add(
        Fault.underLoad(
            "requests to the broker lost", network(proxy -> proxy.swallow(Direction.TO_SERVER))));
    faults.add(
        Fault.underLoad(
            "responses of the broker lost", network(proxy -> proxy.swallow(Direction.TO_CLIENT))));
    faults.add(Fault.underLoad("broker refuses connections", network(TcpProxy::refuse)));
    faults.add(
        Fault.underLoad(
            "commit cut off before the broker hears of it",
            world -> sprung(world, broker(world).onKafkaRequest(KafkaWire.END_TXN, 1, Trap.CUT))));
    faults.add(
        Fault.underLoad(
            "commit done and its answer lost",
            world -> sprung(world, broker(world).onKafkaResponse(KafkaWire.END_TXN, 1, Trap.CUT))));
    faults.add(
        Fault.underLoad(
            "events stored and their answer lost",
            world -> sprung(world, broker(world).onKafkaResponse(KafkaWire.PRODUCE, 1, Trap.CUT))));
    faults.add(
        Fault.underLoad("foreign transaction open in the position topic", KafkaFaults::foreign));
    faults.add(Fault.underLoad("position topic deleted", KafkaFaults::deletePosition));
    faults.add(Fault.quiet("event topic deleted and made anew", KafkaFaults::recreateTopic));
    faults.add(Fault.underLoad("event that Kafka refuses, requeued", KafkaFaults::poison));
    return faults;
  }

  /** For a world of three brokers. */
  static Fault oneOfThreeLost() {
    return Fault.underLoad(
        "one broker of three killed",
        world -> {
          int n = world.random.nextInt(3);
          world.kafka.kill(n);
          world.mended();
          world.recover(); // on the other two
          world.hold(200);
          world.kafka.startAgain(n);
          world.kafka.awaitFullReplication();
        });
  }

  private static TcpProxy broker(World world) {
    return world.kafka.proxies().get(0);
  }

  private static void restart(World world, boolean kill) throws Exception {
    if (kill) {
      world.kafka.kill(0);
    } else {
      world.kafka.stop(0);
    }
    world.hold(100);
    world.kafka.startAgain(0);
  }

  private static void pause(World world) throws Exception {
    world.kafka.pause(0);
    try {
      world.hold(300);
    } finally {
      world.kafka.resume(0);
    }
  }

  private interface Breaking {
    void on(TcpProxy proxy);
  }

  /** Sometimes shorter and sometimes longer than Kafka's clients are patient. */
  private static Fault.Injection network(Breaking breaking) {
    return world -> {
      breaking.on(broker(world));
      try {
        world.hold(100);
        if (world.random.nextInt(4) == 0) {
          world.hold(1000); // until that gives up
        }
      } finally {
        broker(world).heal();
      }
    };
  }

  /** The trap has struck, and is gone. */
  static void sprung(World world, ArmedTrap trap) {
    trap.await(World.PATIENCE);
    assertThat(trap.hasSprung()).isTrue();
    world.mended();
  }

  /** It hides a committed position behind it, until Kafka ends it after five seconds. */
  private static void foreign(World world) throws Exception {
    try (KafkaProducer<byte[], byte[]> foreign =
        new KafkaProducer<>(
            Map.of(
                ProducerConfig.BOOTSTRAP_SERVERS_CONFIG,
                world.kafka.bootstrapDirect(),
                ProducerConfig.TRANSACTIONAL_ID_CONFIG,
                "foreign-" + world.random.nextLong(),
                ProducerConfig.TRANSACTION_TIMEOUT_CONFIG,
                3000),
            new ByteArraySerializer(),
            new ByteArraySerializer())) {
      foreign.initTransactions();
      foreign.beginTransaction();
      foreign.send(new ProducerRecord<>(POSITION, 0, new byte[1], new byte[1])).get();
      world.hold(100);
      LapseProcess leader = world.instances.leader();
      leader.kill();
      foreign.close(Duration.ZERO);
    }
    world.mended();
  }

  /**
   * What is not in the checkpoint, and what is written now, may come again; the service says so.
   */
  private static void deletePosition(World world) throws Exception {
    world.hold(100);
    String snapshot =
        world
            .postgres()
            .jdbc()
            .sql("SELECT pg_current_snapshot()::text")
            .query(String.class)
            .single();
    world.chronicle.mayRepeat(World.notInTheCheckpoint(world.postgres()));
    try (Admin admin = world.admin()) {
      admin.deleteTopics(List.of(POSITION)).all().get();
    }
    world.mended();
    world.hold(100);
    world.recover();
    world.chronicle.mayRepeat(
        world.events(
            "SELECT event_id::text FROM outbox WHERE NOT pg_visible_in_snapshot(xact_id, '%s')"
                .formatted(snapshot)));
  }

  private static void recreateTopic(World world) throws Exception {
    String topic = World.topicOf("Noted");
    try (Admin admin = world.admin()) {
      admin.deleteTopics(List.of(topic)).all().get();
      world.mended();
      world.note("after-" + world.random.nextLong(), 1, 0);
      if (world.random.nextBoolean()) {
        return; // the service makes it anew
      }
      NewTopic anew = new NewTopic(topic, 3, (short) -1);
      await()
          .atMost(World.PATIENCE)
          .until(
              () -> {
                try {
                  admin.createTopics(List.of(anew)).all().get();
                  return true;
                } catch (ExecutionException e) {
                  return e.getCause() instanceof TopicExistsException
                      && admin.listTopics().names().get().contains(topic);
                }
              });
    }
  }

  /** Its key waits, in order, and all others flow; mended and requeued, all is published. */
  private static void poison(World world) throws Exception {
    String topic = World.topicOf("Noted");
    String key = "poison-" + world.random.nextLong();
    List<String> events = new ArrayList<>();
    int number = 0;
    events.add(world.note(key, ++number, 0));
    world.recover(); // so that there is the topic
    limit(world, topic, 30_000);
    events.add(world.note(key, ++number, 50_000));
    events.add(world.note(key, ++number, 0));
    try {
      await()
          .atMost(World.PATIENCE)
          .ignoreExceptions()
          .until(() -> world.count("SELECT count(*) FROM dead_letter") == 1);
      events.add(world.note(key, ++number, 0));
      world.recoverBut(Set.copyOf(events.subList(1, events.size())));
      assertThat(events.subList(1, events.size()))
          .as("wait behind the dead letter")
          .noneMatch(world.chronicle::hasReceived);
    } finally {
      limit(world, topic, 1_000_000);
    }
    world.postgres().execute("UPDATE dead_letter SET requeued_at = now()");
    world.mended();
    await()
        .atMost(World.PATIENCE)
        .ignoreExceptions()
        .until(() -> world.count("SELECT count(*) FROM dead_letter") == 0);
  }

  private static void limit(World world, String topic, int bytes) throws Exception {
    try (Admin admin = world.admin()) {
      KafkaChanges.set(admin, topic, "max.message.bytes", Integer.toString(bytes));
    }
  }
}
