package dev.lapse.operations;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lapse.support.Approvals;
import dev.lapse.support.Command;
import dev.lapse.support.EventConsumer;
import dev.lapse.support.LapseProcess;
import dev.lapse.support.Leftovers;
import dev.lapse.support.OtherDriver;
import dev.lapse.support.OtherHandler;
import dev.lapse.support.SecureKafka;
import dev.lapse.support.SecureKafka.Login;
import dev.lapse.support.TestDatabase;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.resource.ResourceType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A JDBC driver and a login of Kafka that Lapse does not bring serve it from their jar. */
class PluginsIT {

  private static final Path DIRECTORY = Leftovers.directory("plugins");
  private static final Map<String, String> KAFKA = new HashMap<>();

  private static SecureKafka kafka;

  private final TestDatabase database = TestDatabase.migrated();
  private final String topic = "plugins-" + UUID.randomUUID();

  @BeforeAll
  static void makeTheJarAndStartKafka() throws Exception {
    Path plugins = Files.createDirectory(DIRECTORY.resolve("plugins"));
    makeJar(plugins.resolve("other.jar"), OtherDriver.class, OtherHandler.class);
    kafka = SecureKafka.start();
    kafka.properties(Login.PLAIN).forEach((name, value) -> KAFKA.put(setting(name), value));
    KAFKA.put(
        setting("sasl.jaas.config"),
        "org.apache.kafka.common.security.plain.PlainLoginModule required;");
    KAFKA.put(setting("sasl.client.callback.handler.class"), OtherHandler.class.getName());
    for (ResourceType type :
        List.of(ResourceType.TOPIC, ResourceType.GROUP, ResourceType.TRANSACTIONAL_ID)) {
      kafka.allow(type, "*", AclOperation.ALL);
    }
  }

  private static String setting(String kafkaProperty) {
    return "--lapse.kafka.properties." + kafkaProperty;
  }

  private static void makeJar(Path file, Class<?>... classes) throws IOException {
    try (OutputStream out = Files.newOutputStream(file);
        JarOutputStream jar = new JarOutputStream(out)) {
      for (Class<?> type : classes) {
        String name = type.getName().replace('.', '/') + ".class";
        jar.putNextEntry(new JarEntry(name));
        try (InputStream code = type.getResourceAsStream("/" + name)) {
          requireNonNull(code).transferTo(jar);
        }
      }
    }
  }

  @AfterAll
  static void stopKafka() {
    kafka.close();
  }

  @AfterEach
  void closeDatabase() {
    database.close();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void serveTheJarAndTheImage(boolean packaged) throws Exception {
    new Approvals(database).due(5);
    kafka.createTopic(topic, 1, Map.of());
    LapseProcess.Launch launch =
        LapseProcess.against(
                OtherDriver.url(database),
                database.serviceUser(),
                database.servicePassword(),
                kafka.bootstrapServers(Login.PLAIN))
            .with(Map.of("SPRING_DATASOURCE_DRIVER_CLASS_NAME", OtherDriver.class.getName()))
            .in(DIRECTORY);
    if (packaged) {
      launch.packaged();
    }

    try (LapseProcess service = launch.start(arguments());
        EventConsumer consumer = EventConsumer.ofTopics(kafka.internal(), Set.of(topic))) {
      assertThat(consumer.await(5)).as(service.output()).hasSize(5);

      boolean archived =
          Files.readString(Path.of("/proc/%d/maps".formatted(service.pid()))).contains("lapse-");
      assertThat(archived).as("classes come from the archive").isEqualTo(!packaged);
    }
  }

  private String[] arguments() {
    Map<String, String> all = new HashMap<>(KAFKA);
    all.put("--lapse.relay.name", topic);
    all.put("--lapse.relay.topics.ApprovalExpired", topic);
    all.put("--lapse.kafka.topic-replication", "1");
    return all.entrySet().stream()
        .map(argument -> argument.getKey() + "=" + argument.getValue())
        .toArray(String[]::new);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      textBlock =
          """
          --spring.datasource.driver-class-name=absent.Driver | The class absent.Driver is missing
          --spring.datasource.url=jdbc:absent://h/d           | No JDBC driver accepts SPRING_DATASOURCE_URL (jdbc:absent:...)
          --spring.datasource.url=jdbc:postgresql://127.0.0.1/d?socketFactory=absent.Sockets | If absent.Sockets is named rightly
          --lapse.kafka.properties.sasl.client.callback.handler.class=absent.Handler | If absent.Handler is named rightly
          --lapse.kafka.properties.sasl.jaas.config=absent.Login required;           | If absent.Login is named rightly
          """)
  void withoutTheirJarTheErrorSaysWhereItGoes(String argument, String error) {
    Command status =
        Command.run(
            database,
            "doctor",
            setting("security.protocol") + "=SASL_PLAINTEXT",
            setting("sasl.mechanism") + "=PLAIN",
            argument);

    assertThat(status.output())
        .contains(error)
        .contains(
            "put its jar, and the jars that it needs, into " + Path.of("plugins").toAbsolutePath())
        .contains("(there now: no such directory)");
  }
}
