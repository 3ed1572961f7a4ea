package dev.lapse.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.lapse.doctor.Diagnosis;
import dev.lapse.doctor.KafkaDoctor;
import dev.lapse.kafka.KafkaAccess;
import dev.lapse.kafka.KafkaSettings;
import dev.lapse.support.Logged;
import dev.lapse.support.Outbox;
import dev.lapse.support.TestDatabase;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.FeatureUpdate;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.UpdateFeaturesOptions;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.PolicyViolationException;
import org.apache.kafka.server.policy.CreateTopicPolicy;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.springframework.kafka.test.EmbeddedKafkaKraftBroker;

/** A Kafka with the policies of a hosting provider, and topics that somebody made by hand. */
class HostedKafkaIT {

  private static EmbeddedKafkaKraftBroker kafka;

  private final TestDatabase database = TestDatabase.migrated();
  private final String name = TestRelay.freshName();

  @BeforeAll
  static void startKafka() {
    kafka = new EmbeddedKafkaKraftBroker(1, 1);
    kafka.brokerProperties(
        Map.of(
            "create.topic.policy.class.name", Policy.class.getName(),
            "auto.create.topics.enable", "false",
            "offsets.topic.num.partitions", "1",
            "offsets.topic.replication.factor", "1",
            "transaction.state.log.num.partitions", "1",
            "transaction.state.log.replication.factor", "1",
            "transaction.state.log.min.isr", "1",
            "group.min.session.timeout.ms", "500",
            "group.initial.rebalance.delay.ms", "0"));
    kafka.afterPropertiesSet();
  }

  @AfterAll
  static void stopKafka() {
    kafka.destroy();
  }

  @AfterEach
  void closeDatabase() {
    database.close();
  }

  /** As Confluent Cloud and MSK do: no segments below 50 MiB. */
  @Test
  void createsThePositionTopicWithTheBrokersSegmentsWhereSmallOnesAreRefused() throws Exception {
    new Outbox(database).append(3, "a");
    try (TestRelay relay = relay(Map.of());
        Admin admin = admin()) {
      relay.drain();

      ConfigResource topic =
          new ConfigResource(ConfigResource.Type.TOPIC, relay.settings.positionTopic());
      assertThat(
              Objects.requireNonNull(admin.describeConfigs(List.of(topic)).all().get().get(topic))
                  .get("cleanup.policy")
                  .value())
          .isEqualTo("compact");
      assertThat(relay.step.status().publishedId()).isEqualTo(3);
    }
  }

  @Test
  void aRowsTopicThatThePolicyRefusesIsADeadLetterAndOtherKeysGoOn() throws Exception {
    insert("a", "'%s.refused'".formatted(name));
    insert("b", "NULL");
    try (TestRelay relay = relay(Map.of())) {
      relay.drainThroughFailures();

      assertThat(relay.step.status().publishedId()).isEqualTo(2);
      assertThat(relay.step.status().deadLetters()).isEqualTo(1);
    }
    assertThat(database.jdbc().sql("SELECT reason FROM dead_letter").query(String.class).single())
        .contains("Kafka refuses to create topic " + name + ".refused", "no topic of that name");
  }

  @Test
  void aConfiguredTopicThatThePolicyRefusesIsNamedWithTheCommandThatCreatesIt() {
    try (TestRelay relay = relay(Map.of("Surprise", name + ".refused"))) {
      RefusedTopicException refusal =
          catchThrowableOfType(RefusedTopicException.class, relay::drain);

      assertThat(refusal)
          .isNotNull()
          .hasMessageContaining("Kafka refuses to create topic " + name + ".refused")
          .hasMessageContaining(
              "kafka-topics.sh --create --topic " + name + ".refused --partitions 3");
    }
  }

  @Test
  void warnsAtStartOfTopicsMadeByHandAsTheDoctorDoes() throws Exception {
    try (Admin admin = admin()) {
      admin
          .createTopics(
              List.of(
                  new NewTopic(name + ".position", 6, (short) 1),
                  new NewTopic(name + ".noted", 1, (short) 1)
                      .configs(Map.of("cleanup.policy", "compact"))))
          .all()
          .get();
    }
    try (Logged logged = Logged.by(Topics.class);
        TestRelay relay = relay(Map.of())) {
      relay.drain();
      assertThat(String.join("\n", logged.warnings()))
          .contains("The position topic has more than one partition", "partitions=6")
          .contains("Kafka may delete the publish position")
          .contains("Kafka compacts an event topic", "name=" + name + ".noted");
    }
    Map<String, Diagnosis> diagnoses = diagnoses();
    assertThat(Objects.requireNonNull(diagnoses.get("topic " + name + ".position")).seen())
        .contains("6 partitions instead of 1", "cleanup.policy=delete, not compact");
    assertThat(Objects.requireNonNull(diagnoses.get("topic " + name + ".noted")).holds()).isTrue();
    assertThat(Objects.requireNonNull(diagnoses.get("topic " + name + ".noted")).why())
        .contains("It is compacted: Kafka keeps only the last event of each key.");
  }

  /** As on every hosted Kafka, and on brokers before 4.0. */
  @Test
  void anOldTransactionProtocolIsANote() throws Exception {
    try (Admin admin = admin()) {
      admin
          .updateFeatures(
              Map.of(
                  "transaction.version",
                  new FeatureUpdate((short) 1, FeatureUpdate.UpgradeType.SAFE_DOWNGRADE)),
              new UpdateFeaturesOptions())
          .all()
          .get();
    }

    Map<String, Diagnosis> diagnoses = diagnoses();

    assertThat(Objects.requireNonNull(diagnoses.get("transactions")).seen())
        .isEqualTo("transaction.version 1");
    assertThat(diagnoses.values()).allMatch(Diagnosis::holds);
  }

  private Map<String, Diagnosis> diagnoses() {
    Map<String, Diagnosis> all = new HashMap<>();
    new KafkaDoctor(
            new KafkaAccess(kafka.getBrokersAsString(), Map.of()), name, Set.of(name + ".noted"))
        .run()
        .forEach(diagnosis -> all.put(diagnosis.name(), diagnosis));
    return all;
  }

  private TestRelay relay(Map<String, String> moreTopics) {
    return TestRelay.of(
        new KafkaSettings(kafka.getBrokersAsString(), 3, (short) 1, "none", Map.of()),
        database,
        name,
        moreTopics);
  }

  private static Admin admin() {
    return Admin.create(Map.of("bootstrap.servers", kafka.getBrokersAsString()));
  }

  private void insert(String key, String topic) {
    database.execute(
        """
        INSERT INTO outbox (type, topic, key, payload, occurred_at)
        VALUES ('Noted', %s, '%s', '{}', now())
        """
            .formatted(topic, key));
  }

  /** Made by the broker. */
  public static final class Policy implements CreateTopicPolicy {

    @Override
    public void configure(Map<String, ?> configs) {}

    @Override
    public void validate(RequestMetadata topic) {
      String segment = topic.configs().get("segment.bytes");
      if (segment != null && Long.parseLong(segment) < 52_428_800) {
        throw new PolicyViolationException(
            "Config property 'segment.bytes' with value '%s' is lower than 52428800"
                .formatted(segment));
      }
      if (topic.topic().endsWith(".refused")) {
        throw new PolicyViolationException("no topic of that name");
      }
    }

    @Override
    public void close() {}
  }
}
