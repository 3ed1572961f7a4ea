package dev.lapse.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.lapse.audit.KafkaAudit;
import dev.lapse.audit.KafkaFindings;
import dev.lapse.doctor.Diagnosis;
import dev.lapse.doctor.KafkaDoctor;
import dev.lapse.event.EventEncoder;
import dev.lapse.kafka.KafkaAccess;
import dev.lapse.kafka.KafkaAtStart;
import dev.lapse.kafka.KafkaSettings;
import dev.lapse.problem.Reasons;
import dev.lapse.replay.Outcome;
import dev.lapse.replay.Replay;
import dev.lapse.replay.Replays;
import dev.lapse.replay.Request;
import dev.lapse.replay.Selection;
import dev.lapse.support.EventConsumer;
import dev.lapse.support.Logged;
import dev.lapse.support.Outbox;
import dev.lapse.support.SecureKafka;
import dev.lapse.support.SecureKafka.Login;
import dev.lapse.support.TestDatabase;
import java.time.Duration;
import java.util.AbstractMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.resource.ResourceType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The relay on a Kafka with TLS, logins and ACLs: it needs those of the README and no more, and
 * says which one is missing.
 */
class KafkaSecurityIT {

  private static SecureKafka kafka;

  private final TestDatabase database = TestDatabase.migrated();
  private final Outbox outbox = new Outbox(database);
  private final String name = TestRelay.freshName();

  /** The README's table, for topics that somebody has created; each is indispensable. */
  enum Acl {
    EVENTS_WRITE(ResourceType.TOPIC, ".noted", AclOperation.WRITE, "allow Write on Topic "),
    POSITION_WRITE(
        ResourceType.TOPIC, ".position", AclOperation.WRITE, "allow Read and Write on Topic "),
    POSITION_READ(
        ResourceType.TOPIC, ".position", AclOperation.READ, "allow Read and Write on Topic "),
    GROUP_READ(ResourceType.GROUP, "", AclOperation.READ, "allow Read on Group "),
    TRANSACTIONS_WRITE(
        ResourceType.TRANSACTIONAL_ID, "", AclOperation.WRITE, "allow Write on TransactionalId ");

    private final ResourceType type;
    private final String suffix;
    private final AclOperation operation;
    private final String message;

    Acl(ResourceType type, String suffix, AclOperation operation, String message) {
      this.type = type;
      this.suffix = suffix;
      this.operation = operation;
      this.message = message;
    }
  }

  @BeforeAll
  static void startKafka() throws Exception {
    kafka = SecureKafka.start();
  }

  @AfterAll
  static void stopKafka() {
    kafka.close();
  }

  @BeforeEach
  void createTopicsAndAllowWhatTheReadmeSays() throws Exception {
    kafka.createTopic(name + ".position", 1, Map.of("cleanup.policy", "compact"));
    for (String topic : List.of(".noted", ".expired")) {
      kafka.createTopic(name + topic, 3, Map.of());
    }
    for (Acl acl : Acl.values()) {
      kafka.allow(acl.type, name + acl.suffix, acl.operation);
    }
    kafka.allow(ResourceType.TOPIC, name + ".expired", AclOperation.WRITE);
    for (String topic : List.of(".noted", ".expired", ".position")) {
      kafka.allow(ResourceType.TOPIC, name + topic, AclOperation.DESCRIBE_CONFIGS);
    }
  }

  @AfterEach
  void closeDatabase() {
    database.close();
  }

  @ParameterizedTest
  @EnumSource
  void publishesWithEveryLogin(Login login) throws Exception {
    outbox.append(10, "a");

    try (Logged logged = Logged.by(Topics.class);
        TestRelay relay = relay(settings(login, Map.of()))) {
      relay.drain();
      assertThat(logged.warnings()).isEmpty();
    }

    assertThat(received(10)).isEqualTo(10);
  }

  @ParameterizedTest
  @EnumSource
  void saysWhichAclIsMissingAndGoesOnOnceItIsThere(Acl acl) throws Exception {
    outbox.append(10, "a");
    kafka.forbid(acl.type, name + acl.suffix, acl.operation);
    if (acl.type == ResourceType.TOPIC) {
      // Without it the topic is not to be seen at all, of which the next test is.
      kafka.allow(acl.type, name + acl.suffix, AclOperation.DESCRIBE);
    }

    try (TestRelay relay = relay(settings(Login.SCRAM, Map.of()))) {
      NotAllowedException refusal = catchThrowableOfType(NotAllowedException.class, relay::drain);
      assertThat(refusal).as("drained without " + acl).isNotNull();
      assertThat(Reasons.of(refusal))
          .startsWith("Kafka needs an ACL: " + acl.message + name + acl.suffix)
          .contains("kafka-acls.sh --add --operation ");

      kafka.allow(acl.type, name + acl.suffix, acl.operation);
      relay.step.recover(refusal);
      awaitDrained(relay);
    }

    assertThat(received(10)).isEqualTo(10);
  }

  /** Its file, or whatever the settings are read from, says the new one some time later. */
  @Test
  void goesOnWithTheNewPasswordOnceItIsKnown() throws Exception {
    AtomicReference<String> known = new AtomicReference<>(SecureKafka.PASSWORD);
    Map<String, String> properties =
        new AbstractMap<>() {
          @Override
          public Set<Entry<String, String>> entrySet() {
            Map<String, String> now = new HashMap<>(kafka.properties(Login.SCRAM));
            now.put("sasl.jaas.config", SecureKafka.jaas(Login.SCRAM, known.get()));
            return now.entrySet();
          }
        };
    KafkaSettings settings =
        new KafkaSettings(kafka.bootstrapServers(Login.SCRAM), 3, (short) 1, "none", properties);
    outbox.append(10, "a");
    try (TestRelay relay = relay(settings)) {
      relay.drain();
      kafka.setPassword("another secret");
      outbox.append(10, "a");
      relay.step.recover(new Exception("a connection was lost"));

      Exception rejected = catchThrowableOfType(Exception.class, relay::drain);
      assertThat(rejected).hasStackTraceContaining("Authentication failed");
      relay.step.recover(rejected);

      known.set("another secret");
      awaitDrained(relay);
    } finally {
      kafka.setPassword(SecureKafka.PASSWORD);
    }

    assertThat(received(20)).isEqualTo(20);
  }

  @Test
  void saysThatItMayNotCreateATopicAndCreatesItOnceItMay() throws Exception {
    String absent = name + ".absent";
    try (TestRelay relay =
        TestRelay.of(settings(Login.PLAIN, Map.of()), database, name, Map.of("Surprise", absent))) {
      NotAllowedException refusal = catchThrowableOfType(NotAllowedException.class, relay::drain);
      assertThat(refusal)
          .isNotNull()
          .hasMessageContaining("Lapse cannot see a topic " + absent + " and may not create it")
          .hasMessageContaining("allow Create on the topic or the cluster");

      kafka.allow(ResourceType.TOPIC, absent, AclOperation.CREATE);
      kafka.allow(ResourceType.TOPIC, absent, AclOperation.WRITE);
      relay.step.recover(refusal);
      awaitDrained(relay);
    }
  }

  /** Before anything is published. */
  @Test
  void theDoctorSaysWhichAclIsMissing() throws Exception {
    assertThat(diagnosis()).isEmpty();

    kafka.forbid(ResourceType.TOPIC, name + ".position", AclOperation.READ);
    kafka.forbid(ResourceType.GROUP, name, AclOperation.READ);
    kafka.forbid(ResourceType.TRANSACTIONAL_ID, name, AclOperation.WRITE);
    kafka.forbid(ResourceType.TOPIC, name + ".noted", AclOperation.WRITE);

    await()
        .atMost(Duration.ofMinutes(1))
        .untilAsserted(
            () ->
                assertThat(diagnosis())
                    .contains("this role may not join " + name, "this role may not use " + name)
                    .contains("this role may not describe it")
                    .contains("missing ACL: Read"));
  }

  /** By the last two rows of the README's table. */
  @Test
  void replaysAndAuditsWithTheAclsForThat() throws Exception {
    kafka.allowAll(ResourceType.TRANSACTIONAL_ID, name + ".replay.", AclOperation.WRITE);
    for (String topic : List.of(".noted", ".expired")) {
      kafka.allow(ResourceType.TOPIC, name + topic, AclOperation.READ);
    }
    outbox.append(10, "a");
    RelaySettings settings;
    try (TestRelay relay = relay(settings(Login.SCRAM, Map.of()))) {
      awaitDrained(relay);
      settings = relay.settings;
    }
    Replay replay =
        new Replay(
            database.dataSource(),
            new Replays(database.jdbc()),
            access(),
            new EventEncoder(settings.source(), settings.topics()),
            settings.name());
    Request all =
        new Request(
            new Selection(1L, null, null, null, null, null, false), 0, null, 0, 10, false, "test");
    CountDownLatch stop = new CountDownLatch(1);

    Outcome outcome = replay.run(all, replay.plan(all, stop).orElseThrow(), stop, progress -> {});

    assertThat(outcome.failure()).isNull();
    assertThat(outcome.progress().events()).isEqualTo(10);
    KafkaFindings findings =
        new KafkaAudit(
                access(), database.jdbc(), settings.name(), settings.source(), settings.topics())
            .run(null, null, Duration.ofMinutes(1), false);
    assertThat(findings.missing().getCount()).isZero();
    assertThat(findings.replayed()).isEqualTo(10);
  }

  private static KafkaAccess access() {
    return new KafkaAccess(kafka.bootstrapServers(Login.SCRAM), kafka.properties(Login.SCRAM));
  }

  /** What does not hold. */
  private List<String> diagnosis() {
    return new KafkaDoctor(access(), name, Set.of(name + ".noted", name + ".expired"))
        .run().stream().filter(check -> !check.holds()).map(Diagnosis::seen).toList();
  }

  @Test
  void saysThatTheLoginIsWrongAndNotWhatItWas() {
    for (Login login : List.of(Login.PLAIN, Login.SCRAM)) {
      String jaas = SecureKafka.jaas(login, "wrong-secret");

      KafkaAtStart.UnusableException refusal =
          refusal(settings(login, Map.of("sasl.jaas.config", jaas)));

      assertThat(refusal.getMessage())
          .startsWith("Kafka at 127.0.0.1:")
          .contains("rejected the login")
          .doesNotContain("secret");
      assertThat(refusal.action()).contains("sasl.jaas.config");
    }
  }

  @Test
  void saysThatTheLoginIsNoLoginAndNotWhatItSays() {
    for (String jaas :
        List.of(
            SecureKafka.jaas(Login.PLAIN, "wrong-secret").replace(";", ""),
            "password=wrong-secret",
            "org.apache.kafka.common.security.plain.PlainLoginModule wrong-secret;")) {
      KafkaAtStart.UnusableException refusal =
          refusal(settings(Login.PLAIN, Map.of("sasl.jaas.config", jaas)));

      assertThat(refusal.getMessage())
          .startsWith("Cannot create a Kafka client")
          .doesNotContain("secret");
      assertThat(refusal.action()).contains("semicolon");
    }
  }

  @Test
  void saysThatTheBrokerIsNotTrusted() {
    String other = kafka.clientCertificate().toString();

    KafkaAtStart.UnusableException refusal =
        refusal(settings(Login.PLAIN, Map.of("ssl.truststore.location", other)));

    assertThat(refusal.getMessage()).contains("TLS handshake with Kafka");
    assertThat(refusal.action()).contains("ssl.truststore.location");
    assertThat(
            refusal(settings(Login.PLAIN, Map.of("ssl.truststore.location", "/absent.pem")))
                .getMessage())
        .contains("Cannot create a Kafka client", "/absent.pem");
  }

  @Test
  void saysThatKafkaMayAskForTls() {
    KafkaAtStart.UnusableException refusal =
        refusal(settings(Login.PLAIN, Map.of("security.protocol", "PLAINTEXT")));

    assertThat(refusal.getMessage()).contains("Kafka does not answer");
    assertThat(refusal.action()).contains("security.protocol");
  }

  private static KafkaAtStart.UnusableException refusal(KafkaSettings settings) {
    KafkaAtStart.UnusableException refusal =
        catchThrowableOfType(
            KafkaAtStart.UnusableException.class,
            () -> new KafkaAtStart(new KafkaAccess(settings)).check());
    assertThat(refusal).isNotNull();
    assertThat(settings.toString()).doesNotContain("secret");
    return refusal;
  }

  private TestRelay relay(KafkaSettings settings) {
    return TestRelay.of(settings, database, name, Map.of());
  }

  private static KafkaSettings settings(Login login, Map<String, String> more) {
    Map<String, String> properties = new HashMap<>(kafka.properties(login));
    properties.putAll(more);
    return new KafkaSettings(kafka.bootstrapServers(login), 3, (short) 1, "none", properties);
  }

  /** An ACL takes a moment to reach the broker's cache. */
  private static void awaitDrained(TestRelay relay) {
    await()
        .atMost(Duration.ofMinutes(2))
        .until(
            () -> {
              try {
                relay.drain();
                return true;
              } catch (NotAllowedException e) {
                relay.step.recover(e);
                return false;
              }
            });
  }

  private int received(int count) {
    try (EventConsumer consumer =
        EventConsumer.ofTopics(kafka.internal(), Set.of(name + ".noted"))) {
      return consumer.await(count).size();
    }
  }
}
