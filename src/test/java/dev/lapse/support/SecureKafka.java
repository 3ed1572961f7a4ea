package dev.lapse.support;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import kafka.tools.StorageTool;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;
import org.springframework.util.FileSystemUtils;

/**
 * A broker that lets nobody in without TLS and a login, and lets those in do nothing that no ACL
 * allows. The test itself is a superuser, by a door of its own.
 */
public final class SecureKafka implements AutoCloseable {

  /** How a client says who it is; each is the same user. */
  public enum Login {
    PLAIN,
    SCRAM,
    OAUTHBEARER,
    CERTIFICATE
  }

  public static final String USER = "lapse";
  public static final String PASSWORD = "kafka-secret-of-lapse";

  private static final String CLUSTER_ID = "TGFwc2VMYXBzZUxhcHNlTA";
  private static final Duration PATIENCE = Duration.ofMinutes(3);

  private final Path directory;
  private final Certificate server;
  private final Certificate client;
  private final int internal = Ports.free();
  private final int sasl = Ports.free();
  private final int tls = Ports.free();
  private final ChildProcess process;

  private SecureKafka() throws IOException {
    directory = Leftovers.directory("secure-kafka");
    server = Certificate.make(directory, "broker");
    client = Certificate.make(directory, USER);
    Path config = Files.writeString(directory.resolve("server.properties"), properties());
    int code =
        StorageTool.execute(
            new String[] {"format", "-t", CLUSTER_ID, "-c", config.toString()},
            new PrintStream(PrintStream.nullOutputStream(), false, StandardCharsets.UTF_8));
    if (code != 0) {
      throw new IllegalStateException("storage format: exit code " + code);
    }
    process =
        ChildProcess.java(
            List.of(
                "-Xmx384m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                "kafka.Kafka",
                config.toString()),
            Map.of(),
            directory.resolve("broker.log"));
  }

  private String properties() {
    int controller = Ports.free();
    return """
    process.roles=broker,controller
    node.id=0
    controller.quorum.voters=0@127.0.0.1:%1$d
    listeners=INTERNAL://127.0.0.1:%2$d,SASL://127.0.0.1:%3$d,TLS://127.0.0.1:%4$d,CONTROLLER://127.0.0.1:%1$d
    advertised.listeners=INTERNAL://127.0.0.1:%2$d,SASL://127.0.0.1:%3$d,TLS://127.0.0.1:%4$d
    listener.security.protocol.map=INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL:SASL_SSL,TLS:SSL
    inter.broker.listener.name=INTERNAL
    controller.listener.names=CONTROLLER
    log.dirs=%5$s
    auto.create.topics.enable=false
    offsets.topic.num.partitions=1
    offsets.topic.replication.factor=1
    transaction.state.log.num.partitions=1
    transaction.state.log.replication.factor=1
    transaction.state.log.min.isr=1
    group.initial.rebalance.delay.ms=0
    group.min.session.timeout.ms=500
    authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
    # Who comes by the doors without a login: the broker itself, and the test.
    super.users=User:ANONYMOUS
    ssl.keystore.type=PEM
    ssl.keystore.location=%6$s
    ssl.truststore.type=PEM
    ssl.truststore.location=%7$s
    listener.name.tls.ssl.client.auth=required
    listener.name.tls.ssl.principal.mapping.rules=RULE:^CN=([^,]+).*$/$1/
    sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512,OAUTHBEARER
    listener.name.sasl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_%8$s="%9$s";
    listener.name.sasl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
    listener.name.sasl.oauthbearer.sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";
    """
        .formatted(
            controller,
            internal,
            sasl,
            tls,
            directory.resolve("data"),
            server.key(),
            client.certificate(),
            USER,
            PASSWORD);
  }

  /** Returns when it serves. */
  public static SecureKafka start() throws Exception {
    SecureKafka broker = new SecureKafka();
    try {
      broker.awaitService();
      return broker;
    } catch (Exception | Error e) {
      broker.close();
      throw e;
    }
  }

  private void awaitService() throws Exception {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    try (Admin admin = admin()) {
      while (true) {
        try {
          setPassword(admin, PASSWORD);
          return;
        } catch (ExecutionException e) {
          if (!process.isAlive() || System.nanoTime() - deadline > 0) {
            throw new IllegalStateException("the broker does not serve:\n" + process.output(), e);
          }
        }
      }
    }
  }

  /** Returns once the broker takes the new one. */
  public void setPassword(String password) throws Exception {
    try (Admin admin = admin()) {
      setPassword(admin, password);
    }
    Map<String, Object> properties = new HashMap<>(properties(Login.SCRAM));
    properties.put("bootstrap.servers", bootstrapServers(Login.SCRAM));
    properties.put("sasl.jaas.config", jaas(Login.SCRAM, password));
    await()
        .atMost(PATIENCE)
        .ignoreExceptions()
        .until(
            () -> {
              try (Admin client = Admin.create(properties)) {
                return !client.describeCluster().nodes().get().isEmpty();
              }
            });
  }

  private static void setPassword(Admin admin, String password) throws Exception {
    admin
        .alterUserScramCredentials(
            List.of(
                new UserScramCredentialUpsertion(
                    USER, new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096), password)))
        .all()
        .get();
  }

  /** A superuser's. */
  public Admin admin() {
    return Admin.create(Map.of("bootstrap.servers", internal(), "default.api.timeout.ms", "60000"));
  }

  /** Where a superuser needs no login. */
  public String internal() {
    return "127.0.0.1:" + internal;
  }

  public String bootstrapServers(Login login) {
    return "127.0.0.1:" + (login == Login.CERTIFICATE ? tls : sasl);
  }

  /** What Kafka's clients need to know to get in. */
  public Map<String, String> properties(Login login) {
    Map<String, String> properties = new HashMap<>();
    properties.put("ssl.truststore.type", "PEM");
    properties.put("ssl.truststore.location", server.certificate().toString());
    if (login == Login.CERTIFICATE) {
      properties.put("security.protocol", "SSL");
      properties.put("ssl.keystore.type", "PEM");
      properties.put("ssl.keystore.location", client.key().toString());
      return properties;
    }
    properties.put("security.protocol", "SASL_SSL");
    properties.put("sasl.mechanism", login == Login.SCRAM ? "SCRAM-SHA-512" : login.name());
    properties.put("sasl.jaas.config", jaas(login, PASSWORD));
    return properties;
  }

  /** One that no broker has. */
  public Path clientCertificate() {
    return client.certificate();
  }

  /** The line that holds the password. */
  public static String jaas(Login login, String password) {
    String modules = "org.apache.kafka.common.security.";
    return switch (login) {
      case PLAIN, SCRAM ->
          "%s required username=\"%s\" password=\"%s\";"
              .formatted(
                  modules
                      + (login == Login.PLAIN
                          ? "plain.PlainLoginModule"
                          : "scram.ScramLoginModule"),
                  USER,
                  password);
      case OAUTHBEARER ->
          "%soauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub=\"%s\";"
              .formatted(modules, USER);
      case CERTIFICATE -> throw new IllegalArgumentException("logs in without");
    };
  }

  /** Lets the user do this from now on. */
  public void allow(ResourceType type, String name, AclOperation... operations) throws Exception {
    try (Admin admin = admin()) {
      KafkaChanges.allow(admin, bindings(type, name, PatternType.LITERAL, operations));
    }
  }

  /** Lets it do that to whatever has a name that begins so. */
  public void allowAll(ResourceType type, String prefix, AclOperation... operations)
      throws Exception {
    try (Admin admin = admin()) {
      KafkaChanges.allow(admin, bindings(type, prefix, PatternType.PREFIXED, operations));
    }
  }

  /** And from now on no more. */
  public void forbid(ResourceType type, String name, AclOperation... operations) throws Exception {
    try (Admin admin = admin()) {
      KafkaChanges.forbid(admin, bindings(type, name, PatternType.LITERAL, operations));
    }
  }

  private static List<AclBinding> bindings(
      ResourceType type, String name, PatternType pattern, AclOperation... operations) {
    return new ArrayList<>(
        Arrays.stream(operations)
            .map(
                operation ->
                    new AclBinding(
                        new ResourcePattern(type, name, pattern),
                        new AccessControlEntry(
                            "User:" + USER, "*", operation, AclPermissionType.ALLOW)))
            .toList());
  }

  public void createTopic(String name, int partitions, Map<String, String> config)
      throws Exception {
    try (Admin admin = admin()) {
      KafkaChanges.create(admin, new NewTopic(name, partitions, (short) 1).configs(config));
    }
  }

  @Override
  public void close() {
    process.close();
    try {
      FileSystemUtils.deleteRecursively(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
