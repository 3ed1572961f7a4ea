package dev.lapse.fault;

import dev.lapse.support.ChildProcess;
import dev.lapse.support.Leftovers;
import dev.lapse.support.Ports;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListTopicsOptions;
import org.awaitility.Awaitility;
import org.springframework.util.FileSystemUtils;

/**
 * A Kafka cluster of brokers that are processes of their own. Each has two doors: a direct one, for
 * the tests, and one behind a proxy, for whom they test. Brokers are counted from 0.
 */
final class KafkaProcesses implements AutoCloseable {

  private final Path directory;
  private final List<BrokerProcess> brokers;

  private KafkaProcesses(Path directory, List<BrokerProcess> brokers) {
    this.directory = directory;
    this.brokers = brokers;
  }

  /** Returns when every broker answers, and knows all others. */
  static KafkaProcesses start(int count) {
    Path directory = Leftovers.directory("lapse-kafka");
    int[] controllers = IntStream.range(0, count).map(n -> Ports.free()).toArray();
    List<BrokerProcess> brokers =
        IntStream.range(0, count)
            .mapToObj(n -> new BrokerProcess(directory.resolve("broker-" + n), n, controllers))
            .toList();
    KafkaProcesses cluster = new KafkaProcesses(directory, brokers);
    try {
      brokers.forEach(BrokerProcess::start);
      brokers.forEach(broker -> broker.awaitService(count));
    } catch (RuntimeException | Error e) {
      cluster.close();
      throw e;
    }
    return cluster;
  }

  /** Past the proxies. */
  String bootstrapDirect() {
    return brokers.stream().map(BrokerProcess::direct).collect(Collectors.joining(","));
  }

  String bootstrapProxied() {
    return brokers.stream()
        .map(broker -> "127.0.0.1:" + broker.proxy().port())
        .collect(Collectors.joining(","));
  }

  /** One for each broker. */
  List<TcpProxy> proxies() {
    return brokers.stream().map(BrokerProcess::proxy).toList();
  }

  /** SIGKILL. Returns when it is gone. */
  void kill(int n) {
    brokers.get(n).process().kill();
  }

  /** In good order, leaderships handed over. Returns when it is gone. */
  void stop(int n) {
    ChildProcess process = brokers.get(n).process();
    process.terminate();
    try {
      process.exitCode(BrokerProcess.PATIENCE);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** On the same data and the same ports. Returns when it answers. */
  void startAgain(int n) {
    brokers.get(n).start();
    brokers.get(n).awaitService(1);
  }

  /** Returns when every replica of every topic is in sync, and another broker may go. */
  void awaitFullReplication() {
    try (Admin admin = BrokerProcess.admin(bootstrapDirect())) {
      Awaitility.await()
          .atMost(BrokerProcess.PATIENCE)
          .ignoreExceptions()
          .until(() -> isFullyReplicated(admin));
    }
  }

  private static boolean isFullyReplicated(Admin admin) throws Exception {
    Set<String> topics = admin.listTopics(new ListTopicsOptions().listInternal(true)).names().get();
    return admin.describeTopics(topics).allTopicNames().get().values().stream()
        .flatMap(topic -> topic.partitions().stream())
        .allMatch(partition -> partition.isr().size() == partition.replicas().size());
  }

  /** SIGSTOP: connections to it stay, and it does not answer. */
  void pause(int n) {
    brokers.get(n).process().pause();
  }

  /** SIGCONT. */
  void resume(int n) {
    brokers.get(n).process().resume();
  }

  @Override
  public void close() {
    brokers.forEach(BrokerProcess::close);
    try {
      FileSystemUtils.deleteRecursively(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
