package dev.lapse.support;

import static java.util.Objects.requireNonNull;

import com.github.dockerjava.api.model.Ulimit;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.utils.Exit;
import org.springframework.kafka.test.EmbeddedKafkaKraftBroker;
import org.testcontainers.kafka.KafkaContainer;

/** A real Kafka broker in KRaft mode. */
public final class KafkaServer implements AutoCloseable {

  private static final String IMAGE = "apache/kafka:4.1.2";

  /** Both limits, or an engine replaces the other by one that it may not be allowed to set. */
  private static final Ulimit FILES = new Ulimit("nofile", 16_384L, 16_384L);

  private static final Ulimit PROCESSES = new Ulimit("nproc", 16_384L, 16_384L);

  private final String bootstrapServers;
  private final Runnable stop;

  private KafkaServer(String bootstrapServers, Runnable stop) {
    this.bootstrapServers = bootstrapServers;
    this.stop = stop;
  }

  public static KafkaServer embedded() {
    // In their order, after the broker: see there.
    Exit.setShutdownHookAdder((name, hook) -> Leftovers.closeInTheEnd(hook::run));
    EmbeddedKafkaKraftBroker broker = new EmbeddedKafkaKraftBroker(1, 1);
    broker.brokerProperties(
        Map.of(
            "auto.create.topics.enable", "false",
            "offsets.topic.num.partitions", "1",
            "offsets.topic.replication.factor", "1",
            "transaction.state.log.num.partitions", "1",
            "transaction.state.log.replication.factor", "1",
            "transaction.state.log.min.isr", "1",
            "group.initial.rebalance.delay.ms", "0",
            "group.min.session.timeout.ms", "500")); // for tests in which a member vanishes
    broker.afterPropertiesSet();
    return inTheEndClosed(new KafkaServer(broker.getBrokersAsString(), broker::destroy));
  }

  public static KafkaServer inDocker() {
    KafkaContainer broker =
        new KafkaContainer(IMAGE)
            .withEnv("KAFKA_AUTO_CREATE_TOPICS_ENABLE", "false")
            .withEnv("KAFKA_TRANSACTION_STATE_LOG_NUM_PARTITIONS", "1")
            .withEnv("KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS", "500")
            .withCreateContainerCmdModifier(
                // Every relay of a test has topics of its own, and some engines allow 1,024 files.
                create ->
                    requireNonNull(create.getHostConfig()).withUlimits(List.of(FILES, PROCESSES)));
    broker.start();
    return new KafkaServer(broker.getBootstrapServers(), broker::stop);
  }

  private static KafkaServer inTheEndClosed(KafkaServer server) {
    Leftovers.closeInTheEnd(server);
    return server;
  }

  public String bootstrapServers() {
    return bootstrapServers;
  }

  @Override
  public void close() {
    Leftovers.forget(this);
    stop.run();
  }
}
