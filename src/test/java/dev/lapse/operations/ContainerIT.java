package dev.lapse.operations;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.model.Capability;
import dev.lapse.support.Approvals;
import dev.lapse.support.EventConsumer;
import dev.lapse.support.Ports;
import dev.lapse.support.Servers;
import dev.lapse.support.TestDatabase;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.images.builder.ImageFromDockerfile;

/**
 * The image does the service's work as nobody in particular, on a read-only root file system, in
 * the memory it is given, and stops when it is asked to.
 */
class ContainerIT {

  private static final long MEMORY = 512L * 1024 * 1024;

  private final TestDatabase database = TestDatabase.migrated();
  private final int port = Ports.free();
  private final String topic = "container-" + UUID.randomUUID();

  @BeforeEach
  void needsAnEngine() {
    assumeTrue(Servers.inDocker(), "Not tried as an image: that is for lapse.test.servers=docker");
  }

  @AfterEach
  void stop() {
    database.close();
  }

  @Test
  void servesAsItsManifestsRunIt() throws Exception {
    new Approvals(database).due(20);

    try (GenericContainer<?> lapse = lapse();
        EventConsumer consumer =
            EventConsumer.ofTopics(Servers.kafka().bootstrapServers(), Set.of(topic))) {
      lapse.start();

      assertThat(consumer.await(20)).hasSize(20);
      assertThat(lapse.execInContainer("/lapse/is-alive").getExitCode()).isZero();
      assertThat(lapse.execInContainer("id", "-u").getStdout()).isEqualTo("10001\n");
      assertThat(lapse.execInContainer("touch", "/lapse/file").getExitCode()).isNotZero();
      assertThat(lapse.execInContainer("grep", "-c", "lapse.jsa", "/proc/1/maps").getExitCode())
          .as("classes come from the archive")
          .isZero();
      assertThat(heap()).isBetween(MEMORY * 0.5, MEMORY * 0.6);

      lapse.getDockerClient().killContainerCmd(lapse.getContainerId()).withSignal("TERM").exec();
      await().atMost(Duration.ofMinutes(1)).until(() -> !lapse.isRunning());
      InspectContainerResponse ended =
          lapse.getDockerClient().inspectContainerCmd(lapse.getContainerId()).exec();
      assertThat(ended.getState().getExitCodeLong()).as(lapse.getLogs()).isEqualTo(143);
      assertThat(consumer.await(20)).as("and leaves nothing behind").hasSize(20);
    }
  }

  /** The most that its heap may take, in bytes; some collectors keep a spare part out of it. */
  private double heap() throws Exception {
    URI metrics = URI.create("http://127.0.0.1:%d/actuator/prometheus".formatted(port));
    return HttpClient.newHttpClient()
        .send(HttpRequest.newBuilder(metrics).build(), HttpResponse.BodyHandlers.ofLines())
        .body()
        .filter(line -> line.startsWith("jvm_memory_max_bytes{area=\"heap\""))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
        .filter(bytes -> bytes > 0)
        .sum();
  }

  private GenericContainer<?> lapse() {
    return new GenericContainer<>(
            new ImageFromDockerfile()
                .withFileFromPath("Dockerfile", Path.of("Dockerfile"))
                .withFileFromPath("deploy/is-alive", Path.of("deploy/is-alive"))
                .withFileFromPath(
                    "target/lapse.jar", Path.of(System.getProperty("lapse.test.jar"))))
        // Where the servers say that they are.
        .withNetworkMode("host")
        .withTmpFs(Map.of("/tmp", "exec"))
        .withCreateContainerCmdModifier(
            create ->
                requireNonNull(create.getHostConfig())
                    .withReadonlyRootfs(true)
                    .withMemory(MEMORY)
                    .withCapDrop(Capability.ALL))
        .withEnv("SERVER_PORT", Integer.toString(port))
        .withEnv("SERVER_ADDRESS", "127.0.0.1")
        .withEnv("SPRING_DATASOURCE_URL", database.url())
        .withEnv("SPRING_DATASOURCE_USERNAME", database.serviceUser())
        .withEnv("SPRING_DATASOURCE_PASSWORD", database.servicePassword())
        .withEnv("LAPSE_KAFKA_BOOTSTRAP_SERVERS", Servers.kafka().bootstrapServers())
        .withCommand(
            "--lapse.relay.name=" + topic,
            "--lapse.relay.topics.ApprovalExpired=" + topic,
            "--lapse.kafka.topic-replication=1")
        .waitingFor(Wait.forLogMessage(".*Became the leader relay.*", 1));
  }
}
