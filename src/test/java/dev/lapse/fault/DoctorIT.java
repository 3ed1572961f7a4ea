package dev.lapse.fault;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lapse.support.Command;
import dev.lapse.support.KafkaChanges;
import dev.lapse.support.Roles;
import dev.lapse.support.TestDatabase;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What the doctor finds, through the jar itself. Three brokers, or not all would be well. */
class DoctorIT {

  private static final String KAFKA = "--lapse.kafka.bootstrap-servers=";

  private static KafkaProcesses kafka;

  private final TestDatabase database = TestDatabase.migrated();
  private final String name = "doctor-" + UUID.randomUUID();

  @BeforeAll
  static void startKafka() {
    kafka = KafkaProcesses.start(3);
  }

  @AfterAll
  static void stopKafka() {
    kafka.close();
  }

  @AfterEach
  void closeDatabase() {
    database.close();
  }

  @Test
  void findsThatAllIsWell() throws Exception {
    createTopics(Map.of("cleanup.policy", "compact", "min.insync.replicas", "2"));

    assertThat(run(0))
        .contains("ok      database: PostgreSQL ", "ok      privileges", "ok      migrations")
        .contains(
            "ok      kafka: brokers that answer at ",
            "ok      topic " + name + ".position: partitions: 1")
        .contains("All checks passed.")
        .doesNotContain("WRONG");
    JsonNode report = JsonMapper.builder().build().readTree(run(0, "--json"));
    assertThat(report.get("holds").booleanValue()).isTrue();
    assertThat(report.get("checks")).hasSize(24);
  }

  @Test
  void saysWhatIsWrongWhatComesOfItAndHowToMendIt() throws Exception {
    createTopics(Map.of("min.insync.replicas", "1", "max.message.bytes", "1000"));
    database.execute(
        """
        DROP INDEX ai_approvals_due;
        ALTER TABLE ai_approvals DISABLE TRIGGER ai_approvals_final;
        DROP TABLE replay;
        CREATE TABLE replay (id uuid);
        REVOKE EXECUTE ON FUNCTION purge_outbox(bigint, interval, integer) FROM %s
        """
            .formatted(Roles.SERVICE));

    assertThat(run(1))
        .contains(
            "WRONG   privileges: not granted: SELECT on replay, INSERT on replay, UPDATE on replay,"
                + " EXECUTE on purge_outbox(bigint, interval, integer)",
            "psql -f db/roles.sql",
            "WRONG   approvals-table: \"ai_approvals\" has no index on pending approvals",
            "WRONG   guard: The trigger ai_approvals_final of \"ai_approvals\" is disabled",
            "cleanup.policy=delete, not compact",
            "min.insync.replicas=1",
            "max.message.bytes=1000, below ",
            "Some checks failed.")
        .doesNotContain("\tat ");
  }

  @Test
  void notesWhatMayFailAndCallsItNoFault() throws Exception {
    createTopics(Map.of("cleanup.policy", "compact", "min.insync.replicas", "2"));
    database.execute(
        """
        CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
        CREATE TRIGGER touch BEFORE UPDATE ON ai_approvals FOR EACH ROW EXECUTE FUNCTION touch()
        """);

    assertThat(run(0))
        .contains(
            "NOTE    triggers: The trigger \"touch\" of \"ai_approvals\" runs touch() as the role",
            "ALTER FUNCTION touch() SECURITY DEFINER",
            "All checks passed.");
  }

  @Test
  void saysThatNobodyAnswers() throws Exception {
    assertThat(
            run(
                1,
                "--spring.datasource.url=jdbc:postgresql://127.0.0.1:1/x?password=hidden",
                "--spring.datasource.hikari.connection-timeout=1000",
                KAFKA + "127.0.0.1:1"))
        .contains(
            "WRONG   database: check failed: ",
            "WRONG   kafka: Kafka does not answer at 127.0.0.1:1 ")
        .doesNotContain("hidden", "\tat ");
  }

  private void createTopics(Map<String, String> config) throws Exception {
    Map<String, String> ofEvents = new HashMap<>(config);
    ofEvents.remove("cleanup.policy");
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.bootstrapDirect()))) {
      KafkaChanges.create(
          admin,
          new NewTopic(name + ".position", 1, (short) 3).configs(config),
          new NewTopic(name + ".expired", 3, (short) 3).configs(ofEvents));
    }
  }

  private String run(int exitCode, String... options) {
    List<String> args =
        new ArrayList<>(
            List.of(
                "doctor",
                "--lapse.relay.name=" + name,
                "--lapse.relay.topics.ApprovalExpired=" + name + ".expired"));
    if (Stream.of(options).noneMatch(option -> option.startsWith(KAFKA))) {
      args.add(KAFKA + kafka.bootstrapDirect());
    }
    args.addAll(List.of(options));
    Command command = Command.run(database, args.toArray(String[]::new));
    assertThat(command.exitCode()).as(command::output).isEqualTo(exitCode);
    return args.contains("--json") ? command.result() : command.output();
  }
}
