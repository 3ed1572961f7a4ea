package dev.lapse.bench;

import dev.lapse.support.ChildProcess;
import dev.lapse.support.Ports;
import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.stream.IntStream;
import kafka.tools.StorageTool;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.NewTopic;
import org.springframework.util.FileSystemUtils;

/**
 * A Kafka broker as people run it: a process of its own with the JVM settings of Kafka's scripts.
 */
final class Broker implements AutoCloseable {

  private static final String CLUSTER_ID = "TGFwc2VCZW5jaExhcHNlQg";
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  static final List<String> JVM =
      List.of(
          "-Xmx1g",
          "-XX:+UseG1GC",
          "-XX:MaxGCPauseMillis=20",
          "-XX:InitiatingHeapOccupancyPercent=35");

  private final Path directory;
  private final int port = Ports.free();
  private final ChildProcess process;
  private final Admin admin;

  private Broker(Path directory) throws IOException {
    this.directory = directory;
    Path config = directory.resolve("server.properties");
    Files.writeString(config, properties());
    format(config);
    List<String> command = new java.util.ArrayList<>(JVM);
    command.addAll(
        List.of("-cp", System.getProperty("java.class.path"), "kafka.Kafka", config.toString()));
    this.process = ChildProcess.java(command, Map.of(), directory.resolve("broker.log"));
    this.admin =
        Admin.create(
            Map.of(
                AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG,
                bootstrapServers(),
                AdminClientConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG,
                "100"));
  }

  /** Returns when it answers. */
  static Broker start() throws Exception {
    Broker broker = new Broker(Files.createTempDirectory("lapse-bench-kafka"));
    try {
      broker.awaitService();
    } catch (Exception e) {
      broker.close();
      throw e;
    }
    return broker;
  }

  private String properties() {
    int controller = Ports.free();
    return """
    process.roles=broker,controller
    node.id=1
    controller.quorum.voters=1@127.0.0.1:%2$d
    listeners=PLAINTEXT://127.0.0.1:%1$d,CONTROLLER://127.0.0.1:%2$d
    advertised.listeners=PLAINTEXT://127.0.0.1:%1$d
    listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
    controller.listener.names=CONTROLLER
    log.dirs=%3$s
    auto.create.topics.enable=false
    offsets.topic.num.partitions=1
    offsets.topic.replication.factor=1
    transaction.state.log.num.partitions=1
    transaction.state.log.replication.factor=1
    transaction.state.log.min.isr=1
    group.initial.rebalance.delay.ms=0
    # What a run has left is off the disk before the next has filled it.
    log.segment.delete.delay.ms=1000
    """
        .formatted(port, controller, directory.resolve("data"));
  }

  private static void format(Path config) {
    int code =
        StorageTool.execute(
            new String[] {"format", "-t", CLUSTER_ID, "-c", config.toString()},
            new PrintStream(PrintStream.nullOutputStream(), false, StandardCharsets.UTF_8));
    if (code != 0) {
      throw new IllegalStateException("storage format: exit code " + code);
    }
  }

  private void awaitService() throws InterruptedException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      try {
        admin.describeCluster().nodes().get();
        return;
      } catch (ExecutionException e) {
        if (!process.isAlive() || System.nanoTime() - deadline > 0) {
          throw new IllegalStateException("the broker does not serve:\n" + process.output(), e);
        }
      }
    }
  }

  String bootstrapServers() {
    return "127.0.0.1:" + port;
  }

  long pid() {
    return process.pid();
  }

  void createTopic(String topic, int partitions) throws Exception {
    admin.createTopics(List.of(new NewTopic(topic, partitions, (short) 1))).all().get();
  }

  void deleteTopic(String topic) throws Exception {
    admin.deleteTopics(List.of(topic)).all().get();
  }

  /** Bytes of a topic's records on the broker's disk, which are those that went over the wire. */
  long bytes(String topic) {
    return IntStream.range(0, Stage.PARTITIONS)
        .mapToObj(partition -> directory.resolve("data").resolve(topic + "-" + partition))
        .flatMap(partition -> Arrays.stream(Objects.requireNonNull(partition.toFile().listFiles())))
        .filter(file -> file.getName().endsWith(".log"))
        .mapToLong(File::length)
        .sum();
  }

  @Override
  public void close() {
    admin.close(Duration.ofSeconds(1));
    process.close();
    try {
      FileSystemUtils.deleteRecursively(directory);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
