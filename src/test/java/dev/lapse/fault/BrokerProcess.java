package dev.lapse.fault;

import dev.lapse.support.ChildProcess;
import dev.lapse.support.Ports;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import kafka.tools.StorageTool;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.jspecify.annotations.Nullable;

/**
 * A Kafka broker, and controller, as a process with ports and data of its own that outlive it. Its
 * proxy lives as long as this object.
 */
final class BrokerProcess implements AutoCloseable {

  static final Duration PATIENCE = Duration.ofMinutes(2);

  private static final String CLUSTER_ID = "TGFwc2VMYXBzZUxhcHNlTA";

  private final Path directory;
  private final int direct = Ports.free();
  private final TcpProxy proxy;
  private @Nullable ChildProcess process;

  /**
   * @param controllers the controllers' ports, of which this broker has the {@code number}th
   */
  BrokerProcess(Path directory, int number, int[] controllers) {
    this.directory = directory;
    int proxied = Ports.free();
    this.proxy = TcpProxy.kafka(TcpProxy.local(proxied));
    format(properties(number, controllers, proxied));
  }

  private String properties(int number, int[] controllers, int proxied) {
    int brokers = controllers.length;
    return """
    process.roles=broker,controller
    node.id=%d
    controller.quorum.voters=%s
    listeners=DIRECT://127.0.0.1:%d,PROXIED://127.0.0.1:%d,CONTROLLER://127.0.0.1:%d
    advertised.listeners=DIRECT://127.0.0.1:%d,PROXIED://127.0.0.1:%d
    listener.security.protocol.map=DIRECT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT
    inter.broker.listener.name=DIRECT
    controller.listener.names=CONTROLLER
    log.dirs=%s
    auto.create.topics.enable=false
    default.replication.factor=%d
    min.insync.replicas=%d
    offsets.topic.num.partitions=1
    offsets.topic.replication.factor=%d
    transaction.state.log.num.partitions=1
    transaction.state.log.replication.factor=%d
    transaction.state.log.min.isr=%d
    # Fast, for tests that wait for it.
    group.initial.rebalance.delay.ms=0
    group.min.session.timeout.ms=1000
    transaction.abort.timed.out.transaction.cleanup.interval.ms=1000
    broker.session.timeout.ms=3000
    broker.heartbeat.interval.ms=500
    controller.quorum.election.timeout.ms=500
    controller.quorum.fetch.timeout.ms=1500
    replica.lag.time.max.ms=5000
    """
        .formatted(
            number,
            IntStream.range(0, brokers)
                .mapToObj(n -> n + "@127.0.0.1:" + controllers[n])
                .collect(Collectors.joining(",")),
            direct,
            proxied,
            controllers[number],
            direct,
            proxy.port(),
            directory.resolve("data"),
            brokers,
            Math.min(2, brokers),
            brokers,
            brokers,
            Math.min(2, brokers));
  }

  private void format(String properties) {
    try {
      Files.createDirectories(directory);
      Files.writeString(config(), properties);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    int code =
        StorageTool.execute(
            new String[] {"format", "-t", CLUSTER_ID, "-c", config().toString()},
            new PrintStream(PrintStream.nullOutputStream(), false, StandardCharsets.UTF_8));
    if (code != 0) {
      throw new IllegalStateException("storage format: exit code " + code);
    }
  }

  private Path config() {
    return directory.resolve("server.properties");
  }

  void start() {
    process =
        ChildProcess.java(
            List.of(
                "-Xmx384m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1", // they start often and live shortly
                "-cp",
                System.getProperty("java.class.path"),
                "kafka.Kafka",
                config().toString()),
            Map.of(),
            directory.resolve("broker.log"));
  }

  /** Returns when it answers and knows that many brokers. */
  void awaitService(int brokers) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    try (Admin admin = admin(direct())) {
      while (known(admin) < brokers) {
        if (!process().isAlive() || System.nanoTime() - deadline > 0) {
          throw new IllegalStateException("the broker does not serve:\n" + process().output());
        }
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static int known(Admin admin) throws InterruptedException {
    try {
      return admin.describeCluster().nodes().get().size();
    } catch (ExecutionException e) {
      return 0; // not yet up
    }
  }

  static Admin admin(String bootstrapServers) {
    return Admin.create(
        Map.of(
            AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers,
            AdminClientConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG, "100",
            AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, "60000",
            AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, "5000"));
  }

  /** Past the proxy. */
  String direct() {
    return "127.0.0.1:" + direct;
  }

  TcpProxy proxy() {
    return proxy;
  }

  ChildProcess process() {
    return Objects.requireNonNull(process, "not started");
  }

  @Override
  public void close() {
    if (process != null) {
      process.close();
    }
    proxy.close();
  }
}
