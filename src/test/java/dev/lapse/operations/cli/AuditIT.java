package dev.lapse.operations.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lapse.approvals.OptInFixture;
import dev.lapse.deadline.DeadlinesForTests;
import dev.lapse.support.Approvals;
import dev.lapse.support.Command;
import dev.lapse.support.Outbox;
import dev.lapse.support.Published;
import dev.lapse.support.Roles;
import dev.lapse.support.Servers;
import dev.lapse.support.TestDatabase;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What the audit finds. */
class AuditIT {

  private final TestDatabase database = TestDatabase.migrated();
  private final String topic = "audit-" + UUID.randomUUID();

  @AfterEach
  void closeDatabase() {
    database.close();
  }

  @Test
  void everythingHoldsWhereNothingIsWrong() throws Exception {
    new Approvals(database).due(3);
    run(0, "expire");

    assertThat(run(0, "audit"))
        .contains("ok      expired-before-due", "ok      dead-letters", "No problems found.")
        .contains(
            "-       step-missing: not checked: the triggers of lapse.ladder are not installed",
            "-       move-without-record: not checked: the triggers of lapse.deadlines.moves are not")
        .doesNotContain("FOUND");
  }

  @Test
  void findsWhatEachQueryIsFor() throws Exception {
    List<UUID> due = new Approvals(database).due(5);
    run(0, "expire");
    database.execute(
        """
        DELETE FROM outbox WHERE key = '%1$s';
        INSERT INTO outbox (type, key, payload)
          SELECT type, key, payload FROM outbox WHERE key = '%2$s';
        UPDATE ai_approvals SET version = version + 1 WHERE id = '%3$s';
        UPDATE ai_approvals SET expires_at = executed_at + interval '1 h' WHERE id = '%4$s';
        INSERT INTO ai_approvals (requested_by, action, expires_at)
          VALUES ('agent', 'deploy', now() - interval '2 min');
        INSERT INTO relay_checkpoint
            (relay, published_id, snapshot, system_identifier, timeline, lsn, written_lsn)
          VALUES ('a', 1000, '3:3:', 1, 1, '0/1', '0/1');
        INSERT INTO dead_letter (relay, key, id, event_id, type, reason, refused_at)
          VALUES ('a', 'secret key', 7, gen_random_uuid(), 'Noted', 'too large', now());
        """
            .formatted(due.get(0), due.get(1), due.get(2), due.get(3)));

    String output = run(1, "audit");

    assertThat(output)
        .contains(
            "FOUND   expired-before-due: 1",
            "approval_id=" + due.get(3),
            "FOUND   expired-without-record: 1",
            "approval_id=" + due.get(0),
            "FOUND   expired-twice: 1",
            "approval_id=" + due.get(1) + "  records=2",
            "FOUND   event-differs-from-approval: 1",
            "status=expired  version=3  event_version=2",
            "FOUND   overdue: 1",
            "FOUND   position-ahead: 1",
            "published_id=1000  last_outbox_id=6",
            "FOUND   dead-letters: 1",
            "too large",
            "Problems found.")
        .contains("an approver could still have decided it") // what it means
        .contains("end it if it is stuck") // what to do
        .doesNotContain("secret", "\tat ");
  }

  @Test
  void findsWhatIsWrongWithMovesAndSteps() throws Exception {
    try (Connection owner = database.connectAs(Roles.OWNER)) {
      OptInFixture.apply(
          owner,
          Map.of(),
          DeadlinesForTests.ladder(List.of("1h:remind")),
          DeadlinesForTests.moves());
    }
    List<UUID> ids = new Approvals(database).insert(6, "3 hours");
    database.execute("UPDATE ai_approvals SET expires_at = expires_at + interval '1 hour'");
    assertThat(run(0, "audit")).contains("ok      step-missing", "ok      move-without-record");

    database.execute(
        """
        DELETE FROM deadline_move WHERE approval_id = '%1$s';
        DELETE FROM outbox WHERE key = '%2$s';
        SET session_replication_role = replica;
        UPDATE ai_approvals SET expires_at = expires_at + interval '1 h' WHERE id = '%3$s';
        DELETE FROM next_step WHERE approval_id = '%4$s';
        SET session_replication_role = origin;
        INSERT INTO outbox (type, key, payload)
          SELECT type, '%5$s', '{"expiresAt": "then", "step": "1h", "collapsed": ["1d"]}'
          FROM unnest(ARRAY['ApprovalExpiring', 'ApprovalEscalated']) type;
        INSERT INTO outbox (type, key, payload) VALUES
          ('ApprovalExpired', '%6$s', '{}'), ('ApprovalExpiring', '%6$s', '{"step": "1h"}');
        """
            .formatted(ids.toArray()));

    assertThat(run(1, "audit"))
        .contains(
            "FOUND   move-without-record: 2",
            "approval_id=" + ids.get(0) + "  events=1  moves=0",
            "approval_id=" + ids.get(1) + "  events=0  moves=1",
            "FOUND   step-missing: 2",
            "approval_id=" + ids.get(2),
            "approval_id=" + ids.get(3),
            "FOUND   announced-twice: 2",
            "approval_id=" + ids.get(4) + "  step=1d  deadline=then  records=2",
            "FOUND   announced-after-end: 1",
            "approval_id=" + ids.get(5) + "  ended_by=ApprovalExpired");
  }

  @Test
  void printsJsonAndNothingElse() throws Exception {
    new Approvals(database).insert(1, "-2 min");

    JsonNode report = json(run(1, "audit", "--json"));

    assertThat(report.get("holds").booleanValue()).isFalse();
    assertThat(report.get("findings")).hasSize(13);
    JsonNode overdue = finding(report, "overdue");
    assertThat(overdue.get("holds").booleanValue()).isFalse();
    assertThat(overdue.get("rows").get(0).get("approval_id").stringValue()).hasSize(36);
    assertThat(finding(report, "dead-letters").get("holds").booleanValue()).isTrue();
  }

  @Test
  void aSettingSaysWhatIsOverdue() throws Exception {
    new Approvals(database).insert(1, "-2 min");

    assertThat(run(0, "audit", "--lapse.audit.overdue=5m")).contains("ok      overdue");
  }

  @Test
  void listsAHundredAndSaysThatThereAreMore() throws Exception {
    new Approvals(database).insert(150, "-2 min");

    JsonNode overdue = finding(json(run(1, "audit", "--json")), "overdue");

    assertThat(overdue.get("rows")).hasSize(100);
    assertThat(overdue.get("more").booleanValue()).isTrue();
  }

  @Test
  void changesNothingAndSaysWhatIsMissing() throws Exception {
    try (TestDatabase empty = TestDatabase.empty(Servers.postgres())) {
      Command audit = Command.run(empty, "audit");
      assertThat(audit.exitCode()).isEqualTo(1);
      assertThat(audit.output())
          .contains("There is no table \"ai_approvals\"")
          .doesNotContain("\tat ");
      assertThat(empty.count("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"))
          .isZero();
    }
  }

  @Test
  void optionsThatMakeNoSenseAreWrong() throws Exception {
    assertThat(run(2, "audit", "--from-id=3")).contains("require --against-kafka");
    assertThat(run(2, "audit", "--timeout=soon")).contains("Examples: 90s, 5m, 2h");
    assertThat(run(2, "audit", "--jsno")).contains("--json");
  }

  /** As the comment at the head of each says: as they are, in psql. */
  @Test
  void everyQueryRunsAsItIsAndSaysWhatItIsFor() throws Exception {
    try (Stream<Path> files = Files.list(Path.of("db/queries"))) {
      List<Path> queries = files.toList();
      assertThat(queries).hasSize(13);
      for (Path query : queries) {
        String sql = Files.readString(query);
        assertThat(sql).as(query.toString()).startsWith("-- ").contains("Costs ").contains("LIMIT");
        database.execute(sql);
      }
    }
  }

  @Test
  void everyEventIsInKafkaOnceAndInOrder() throws Exception {
    try (Published published = new Published(database, topic).createTopic()) {
      new Outbox(database).append(4, "a", topic);
      published.send(1, 2, 3, 4);
      published.checkpoint("lapse", 4);

      String nowhere = "--lapse.relay.topics.ApprovalExpired=" + topic + ".none";
      assertThat(run(0, "audit", "--against-kafka", nowhere))
          .contains("ok      against-kafka: 4 compared, outbox ids 1 to 4")
          .contains(topic + ": complete from its beginning")
          .contains(topic + ".none: the topic does not exist, or this role cannot see it");
    }
  }

  @Test
  void findsWhatIsMissingTwiceOutOfOrderAndUnknown() throws Exception {
    try (Published published = new Published(database, topic).createTopic()) {
      new Outbox(database).append(6, "a", topic); // one transaction
      published.send(1, 3, 2, 4, 4);
      published.sendUnknown(5);
      published.checkpoint("lapse", 6);

      JsonNode kafka = json(run(1, "audit", "--against-kafka", "--json")).get("kafka");

      assertThat(ids(kafka, "missing")).containsExactly(5L, 6L);
      assertThat(ids(kafka, "twice")).containsExactly(4L);
      assertThat(ids(kafka, "outOfOrder")).containsExactly(2L);
      assertThat(ids(kafka, "unknown")).containsExactly(5L);
      assertThat(run(0, "audit", "--against-kafka", "--from-id=1", "--to-id=1"))
          .contains("1 compared, outbox ids 1 to 1");
    }
  }

  /** Writers of one key that do not lock it may overtake each other without any error. */
  @Test
  void tellsWhatWasOvertakenByAnotherTransactionFromWhatIsOutOfOrder() throws Exception {
    try (Published published = new Published(database, topic).createTopic()) {
      Outbox outbox = new Outbox(database);
      outbox.append(1, "a", topic);
      outbox.append(1, "b", topic);
      outbox.append(1, "a", topic);
      published.send(3, 2, 1);
      published.checkpoint("lapse", 3);

      assertThat(run(0, "audit", "--against-kafka"))
          .contains("1 published after a later event of the same key", "outbox ids [1]");
      run(1, "audit", "--against-kafka", "--strict");
    }
  }

  @Test
  void doesNotCallMissingWhatTheTopicNoLongerHoldsOrWhatWaits() throws Exception {
    try (Published published = new Published(database, topic).createTopic()) {
      Outbox outbox = new Outbox(database);
      outbox.append(2, "a", topic);
      published.send(1, 2);
      outbox.append(1, "b", topic);
      outbox.append(1, "poisoned", topic);
      published.send(3);
      published.deleteBefore(2);
      published.checkpoint("lapse", 4);
      database.execute(
          """
          UPDATE relay_checkpoint
          SET dead_letters = '[{"key": "poisoned", "id": 4, "published": []}]'
          """);

      assertThat(run(0, "audit", "--against-kafka"))
          .contains(topic + ": complete since ")
          .contains("2 not checked: older than the topic's retention")
          .contains("1 waiting after a dead letter of their key");
    }
  }

  /** It spares the dead letter, however old, and not what is published above it. */
  @Test
  void knowsWhatRetentionPurgedAboveADeadLetter() throws Exception {
    try (Published published = new Published(database, topic).createTopic()) {
      Outbox outbox = new Outbox(database);
      outbox.append(1, "waits", topic);
      outbox.append(5, "a", topic);
      published.send(2, 3, 4, 5, 6);
      published.sendUnknown(6);
      published.checkpoint("lapse", 6);
      letterWaits(1);
      database.execute("UPDATE outbox SET occurred_at = now() - interval '8 days'");
      purge();

      JsonNode kafka = json(run(1, "audit", "--against-kafka", "--json")).get("kafka");

      assertThat(kafka.get("purged").longValue()).isEqualTo(4); // 6 is the checkpoint's own
      assertThat(kafka.get("waiting").longValue()).isOne();
      assertThat(ids(kafka, "unknown")).containsExactly(6L);
    }
  }

  @Test
  void anApprovalWhoseRecordWasPurgedAboveADeadLetterIsNotWithoutRecord() throws Exception {
    database.execute(
        """
        INSERT INTO ai_approvals (status, requested_by, action, expires_at, executed_at)
        SELECT 'expired', 'agent', 'deploy', due, due
        FROM generate_series(now() - interval '9 days', now() - interval '6 days', '1 hour') due;
        INSERT INTO outbox (type, key, payload, occurred_at)
        SELECT 'ApprovalExpired', id, '{"version": 1}', executed_at
        FROM ai_approvals ORDER BY executed_at;
        """);
    new Published(database, topic).checkpoint("lapse", 73);
    letterWaits(1);
    purge();
    assertThat(database.count("SELECT count(*) FROM outbox")).isEqualTo(25);
    assertThat(run(0, "audit")).contains("ok      expired-without-record");

    database.execute("DELETE FROM outbox WHERE id = 72");

    assertThat(run(1, "audit")).contains("FOUND   expired-without-record: 1");
  }

  /** As milliseconds do: the column's time is then later than the record's. */
  @Test
  void anApprovalWhoseTimeWasRoundedUpIsNotWithoutItsPurgedRecord() throws Exception {
    database.execute(
        """
        INSERT INTO ai_approvals (status, requested_by, action, expires_at, executed_at)
        SELECT 'expired', 'agent', 'deploy', due, due + interval '0.4 ms'
        FROM generate_series(now() - interval '9 days', now() - interval '6 days', '1 hour') due;
        INSERT INTO outbox (type, key, payload, occurred_at)
        SELECT 'ApprovalExpired', id, '{"version": 1}', expires_at
        FROM ai_approvals ORDER BY expires_at;
        """);
    new Published(database, topic).checkpoint("lapse", 73);
    letterWaits(1);
    purge();

    assertThat(run(0, "audit")).contains("ok      expired-without-record");
  }

  private void letterWaits(long id) {
    database.execute(
        """
        UPDATE relay_checkpoint
        SET dead_letters = (SELECT jsonb_build_array(jsonb_build_object('key', key, 'id', id))
                            FROM outbox WHERE id = %d)
        """
            .formatted(id));
  }

  private void purge() {
    database.execute("SELECT purge_outbox(0, '7 days', 1000)");
  }

  @Test
  void saysWhatTheDatabaseSaysAlthoughKafkaDoesNotAnswer() throws Exception {
    String noKafka = "--lapse.kafka.bootstrap-servers=127.0.0.1:1";
    new Approvals(database).insert(1, "-2 min");
    new Published(database, topic).checkpoint("lapse", 0);

    assertThat(run(1, "audit", "--against-kafka", noKafka))
        .contains("FOUND   overdue: 1", "ok      expired-twice", "Problems found.")
        .contains("failed  against-kafka: check failed: Kafka does not answer at")
        .doesNotContain("\tat ");
    JsonNode report = json(run(1, "audit", "--against-kafka", "--json", noKafka));
    assertThat(finding(report, "overdue").get("rows")).hasSize(1);
    assertThat(report.get("kafkaFailure").stringValue()).contains("127.0.0.1:1");
  }

  private static JsonNode json(String output) {
    return JsonMapper.builder().build().readTree(output);
  }

  private static JsonNode finding(JsonNode report, String name) {
    for (JsonNode finding : report.get("findings")) {
      if (finding.get("name").stringValue().equals(name)) {
        return finding;
      }
    }
    throw new AssertionError("no finding " + name);
  }

  private static List<Long> ids(JsonNode kafka, String tally) {
    return kafka.get(tally).get("first").values().stream().map(JsonNode::longValue).toList();
  }

  private String run(int exitCode, String... args) {
    Command command = Command.run(database, args);
    assertThat(command.exitCode()).as(command::output).isEqualTo(exitCode);
    return List.of(args).contains("--json") ? command.result() : command.output();
  }
}
