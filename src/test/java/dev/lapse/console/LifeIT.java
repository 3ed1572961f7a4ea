package dev.lapse.console;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lapse.approvals.ApprovalsCheck;
import dev.lapse.approvals.ApprovalsSettings;
import dev.lapse.approvals.ApprovalsTable;
import dev.lapse.console.Explanation.Cause;
import dev.lapse.console.Explanation.Moment;
import dev.lapse.expiration.Refusal;
import dev.lapse.expiration.Trials;
import dev.lapse.kafka.KafkaAccess;
import dev.lapse.pause.Part;
import dev.lapse.pause.Pauses;
import dev.lapse.status.StatusReader;
import dev.lapse.support.Approvals;
import dev.lapse.support.Roles;
import dev.lapse.support.Servers;
import dev.lapse.support.TestDatabase;
import java.sql.Connection;
import java.sql.Statement;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Whatever keeps an approval from expiring, or its event from arriving, has its sentence. */
class LifeIT {

  private final TestDatabase database = TestDatabase.migrated();
  private final Approvals approvals = new Approvals(database);
  private final String relay = "life-" + UUID.randomUUID();
  private final Life life = life(List.of(), true);

  @AfterEach
  void close() {
    database.close();
  }

  private ApprovalsTable table(String... settings) {
    Map<String, String> all = new HashMap<>();
    for (int i = 0; i < settings.length; i += 2) {
      all.put("lapse.approvals." + settings[i], settings[i + 1]);
    }
    ApprovalsSettings bound =
        new Binder(new MapConfigurationPropertySource(all))
            .bindOrCreate("lapse.approvals", ApprovalsSettings.class);
    ApprovalsCheck check = new ApprovalsCheck(database.jdbc(), bound);
    check.problems().forEach(problem -> database.execute(problem.action())); // the due index
    return check.table(true);
  }

  private Life life(List<Refusal> refused, boolean expires) {
    return life(ApprovalsTable.standard(), refused, expires);
  }

  private Life life(ApprovalsTable table, List<Refusal> refused, boolean expires) {
    StatusReader status =
        new StatusReader(
            JdbcClient.create(database.service()),
            table,
            new KafkaAccess(Servers.kafka().bootstrapServers(), Map.of()),
            relay);
    return new Life(
        database.service(),
        table,
        status,
        relay,
        () -> refused,
        expires,
        Trials.of(database.service(), table));
  }

  @Test
  void saysThatThereIsNoSuchApproval() throws Exception {
    assertThat(life.explain(UUID.randomUUID().toString()).cause()).isEqualTo(Cause.ABSENT);
    assertThat(life.explain("' OR true --").cause()).isEqualTo(Cause.ABSENT);
  }

  @Test
  void saysThatItIsDecided() throws Exception {
    UUID id = approvals.notDue(1).get(0);
    database.execute("UPDATE ai_approvals SET status = 'approved', version = version + 1");

    Explanation found = life.explain(id.toString());

    assertThat(found.cause()).isEqualTo(Cause.NOT_PENDING);
    assertThat(found.why()).contains("\"approved\"");
  }

  @Test
  void saysThatItHasNoDeadlineOrOneThatIsToCome() throws Exception {
    UUID soon = approvals.notDue(1).get(0);
    UUID never = approvals.notDue(1).get(0);
    database.execute("ALTER TABLE ai_approvals DROP CONSTRAINT ai_approvals_expires_at");
    database.execute(
        "UPDATE ai_approvals SET expires_at = 'infinity' WHERE id = '%s'".formatted(never));

    assertThat(life.explain(soon.toString()).cause()).isEqualTo(Cause.NOT_DUE);
    assertThat(life.explain(soon.toString()).why()).containsPattern("in (59|60) min");
    assertThat(life.explain(never.toString()).cause()).isEqualTo(Cause.NO_DEADLINE);
  }

  @Test
  void saysWhoPausedIt() throws Exception {
    UUID id = approvals.due();
    Pauses pauses = new Pauses(database.jdbc());
    pauses.pause(Part.EXPIRATION, "a migration");

    Explanation found = life.explain(id.toString());

    assertThat(found.cause()).isEqualTo(Cause.PAUSED);
    assertThat(found.why()).contains("postgres paused expiry", "(a migration)");
    assertThat(found.action()).isEqualTo("lapse resume expiration");

    pauses.resume(Part.EXPIRATION);
    pauses.pauseForStorm(
        Part.EXPIRATION, "mass-expiry protection: 9 of 9 pending approvals would expire at once");

    assertThat(life.explain(id.toString()).cause()).isEqualTo(Cause.MASS_EXPIRY_PROTECTION);
  }

  @Test
  void namesTheSessionThatHoldsIt() throws Exception {
    UUID id = approvals.due();
    try (Connection holder = database.connect();
        Statement statement = holder.createStatement()) {
      holder.setAutoCommit(false);
      statement.execute("SET application_name = 'an approver'");
      statement.execute("SELECT FROM ai_approvals WHERE id = '%s' FOR UPDATE".formatted(id));

      Explanation found = life.explain(id.toString());

      holder.rollback();
      holder.setAutoCommit(true);
      assertThat(found.cause()).isEqualTo(Cause.HELD);
      assertThat(found.why()).containsPattern("session pid=\\d+ application=\"an approver\"");
    }
    assertThat(life.explain(id.toString()).cause()).isEqualTo(Cause.OVERDUE);
  }

  @Test
  void saysWhatRefusesItAndChangesNothing() throws Exception {
    UUID id = approvals.due();
    database.execute(
        "ALTER TABLE ai_approvals ADD CONSTRAINT stays CHECK (status = 'pending') NOT VALID");

    Explanation found = life.explain(id.toString());

    assertThat(found.cause()).isEqualTo(Cause.REFUSED);
    assertThat(found.why()).contains("\"stays\"");
    assertThat(approvals.status(id)).isEqualTo("pending");

    database.execute("ALTER TABLE ai_approvals DROP CONSTRAINT stays");
    database.execute(
        """
        CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
        CREATE TRIGGER keep BEFORE UPDATE ON ai_approvals FOR EACH ROW EXECUTE FUNCTION keep();
        """);

    assertThat(life.explain(id.toString()).cause()).isEqualTo(Cause.REFUSED);
    assertThat(life.explain(id.toString()).why()).contains("a trigger or a rule undid it");
  }

  /** A trigger that refuses only what expires is found before the deadline, and leaves no trace. */
  @Test
  void saysBeforeTheDeadlineWhatWillRefuseIt() throws Exception {
    UUID id = approvals.notDue(1).get(0);
    database.execute(
        "ALTER TABLE ai_approvals ADD CONSTRAINT stays CHECK (status = 'pending') NOT VALID");

    Explanation found = life.explain(id.toString());

    assertThat(found.cause()).isEqualTo(Cause.REFUSED_LATER);
    assertThat(found.why()).contains("\"stays\"", "in 59 min");
    assertThat(database.count("SELECT count(*) FROM outbox")).isZero();
    assertThat(approvals.status(id)).isEqualTo("pending");
  }

  @Test
  void saysThatItWasNotTried() throws Exception {
    UUID id = approvals.due();
    database.execute("REVOKE UPDATE ON ai_approvals FROM " + Roles.SERVICE);

    Explanation found = life.explain(id.toString());

    assertThat(found.cause()).isEqualTo(Cause.NOT_TRIED);
    assertThat(found.why()).contains("permission denied");
  }

  @Test
  void saysThatTheConditionExcludesIt() throws Exception {
    database.execute("ALTER TABLE ai_approvals ADD COLUMN tenant text NOT NULL DEFAULT 'a'");
    database.execute("GRANT SELECT (tenant) ON ai_approvals TO " + Roles.SERVICE);
    UUID mine = approvals.due();
    UUID other = approvals.due();
    database.execute("UPDATE ai_approvals SET tenant = 'b' WHERE id = '%s'".formatted(other));
    Life partly = life(table("condition", "tenant = 'a'"), List.of(), true);

    assertThat(partly.explain(other.toString()).cause()).isEqualTo(Cause.EXCLUDED);
    assertThat(partly.explain(other.toString()).why()).contains("lapse.approvals.condition");
    assertThat(partly.explain(mine.toString()).cause()).isEqualTo(Cause.OVERDUE);
  }

  @Test
  void knowsEachPendingStatus() throws Exception {
    UUID id = approvals.due();
    Life several =
        life(
            table(
                "statuses.pending", "pending,escalated",
                "statuses.approved", "approved",
                "statuses.rejected", "rejected",
                "statuses.ended", "executed,cancelled"),
            List.of(),
            true);

    assertThat(several.explain(id.toString()).cause()).isEqualTo(Cause.OVERDUE);
  }

  @Test
  void saysThatNoKafkaKeyCanHaveItsId() throws Exception {
    database.execute(
        """
        DROP TABLE ai_approvals;
        CREATE TABLE ai_approvals (id text PRIMARY KEY, status text NOT NULL DEFAULT 'pending',
          version integer NOT NULL DEFAULT 0, expires_at timestamptz, executed_at timestamptz);
        INSERT INTO ai_approvals (id, expires_at) VALUES (repeat('x', 1025), now()), ('', now());
        GRANT SELECT, UPDATE ON ai_approvals TO %s
        """
            .formatted(Roles.SERVICE));
    Life own = life(table(), List.of(), true);

    assertThat(own.explain("x".repeat(1025)).cause()).isEqualTo(Cause.UNUSABLE_ID);
    assertThat(own.explain("x".repeat(1025)).why()).contains("1025 characters");
    assertThat(own.explain("").cause()).isEqualTo(Cause.UNUSABLE_ID);
  }

  @Test
  void saysWhenKafkaDoesNotAnswer() throws Exception {
    UUID id = expired();
    StatusReader unreachable =
        new StatusReader(
            JdbcClient.create(database.service()),
            ApprovalsTable.standard(),
            new KafkaAccess("127.0.0.1:1", Map.of()),
            relay);
    Life alone =
        new Life(
            database.service(),
            ApprovalsTable.standard(),
            unreachable,
            relay,
            List::of,
            true,
            Trials.of(database.service()));

    List<Moment> timeline = alone.explain(id.toString()).timeline();

    assertThat(timeline.get(timeline.size() - 1).text())
        .contains("Kafka does not answer at 127.0.0.1:1");
  }

  @Test
  void knowsWhatTheServiceCouldNotExpire() throws Exception {
    UUID id = approvals.due();

    Explanation found =
        life(List.of(new Refusal(id.toString(), "an exclusion")), true).explain(id.toString());

    assertThat(found.cause()).isEqualTo(Cause.REFUSED);
    assertThat(found.why()).contains("(an exclusion)");
  }

  @Test
  void saysThatNothingKeepsItOrThatThisInstanceDoesNotExpire() throws Exception {
    String id = approvals.due().toString();

    assertThat(life.explain(id).cause()).isEqualTo(Cause.OVERDUE);
    assertThat(life(List.of(), false).explain(id).cause()).isEqualTo(Cause.DISABLED);
    assertThat(approvals.status(UUID.fromString(id))).isEqualTo("pending");
  }

  @Test
  void followsTheRecordUntilItIsPublished() throws Exception {
    UUID id = expired();

    assertThat(fate(id)).satisfies(m -> assertThat(m.text()).contains("no relay is the leader"));

    Pauses pauses = new Pauses(database.jdbc());
    pauses.pause(Part.RELAY, "a Kafka upgrade");
    assertThat(fate(id).text()).contains("paused the relay (a Kafka upgrade)");
    pauses.resume(Part.RELAY);

    deadLetter(id, 1);
    assertThat(fate(id).what()).isEqualTo("blocked");
    assertThat(fate(id).text()).contains("lapse dead-letters requeue 1");
    database.execute("UPDATE dead_letter SET id = 0");
    assertThat(fate(id).text()).contains("dead letter 0 blocks its key");
    database.execute("DELETE FROM dead_letter");

    checkpoint();
    assertThat(fate(id).what()).isEqualTo("published");
  }

  @Test
  void tellsWhatElseHappenedInTheOrderInWhichItDid() throws Exception {
    UUID id = expired();
    String other = UUID.randomUUID().toString();
    for (String of : List.of(id.toString(), other)) {
      database.execute(
          """
          INSERT INTO deadline_move (approval_id, moved_at, moved_as, from_deadline, to_deadline, reason)
          VALUES ('%1$s', now() - interval '1 day', 'ann %1$s', NULL, now(), 'she is ill');
          INSERT INTO outbox (type, key, payload, occurred_at)
          VALUES ('ApprovalExpiring', '%1$s', '{}', now() - interval '2 h'),
                 ('ApprovalEscalated', '%1$s', '{}', now() - interval '1 h');
          INSERT INTO late_decision (approval, actor, wanted, status, late, at)
          VALUES ('%1$s', 'bob %1$s', 'approved', 'expired', interval '3 s', now() + interval '3 s');
          INSERT INTO replay (id, requested_as, selection, last_id, started_at, finished_at, outcome)
          SELECT gen_random_uuid(), 'cleo %1$s', jsonb_build_object('afterId', 0, 'key', '%1$s'),
                 max(id), now() + interval '1 h', now() + interval '1 h', 'done'
          FROM outbox
          """
              .formatted(of));
    }
    checkpoint();

    Explanation found = life.explain(id.toString());

    assertThat(found.timeline())
        .extracting(Moment::what)
        .containsSubsequence(
            "asked",
            "moved",
            "reminded",
            "published",
            "escalated",
            "published",
            "deadline",
            "expired",
            "record",
            "published",
            "late",
            "replayed");
    String text = found.timeline().toString();
    assertThat(text)
        .contains(
            "ann %s (role postgres) moved its deadline from none to".formatted(id),
            "(she is ill)",
            "bob %s wanted \"approved\" and was refused, 3.0 s after the deadline".formatted(id),
            "cleo %s had record 1 published again".formatted(id))
        .doesNotContain(other);
  }

  @Test
  void tellsTheNextStepOfWhatIsPending() throws Exception {
    UUID id = approvals.notDue(1).get(0);
    database.execute(
        """
        INSERT INTO next_step (approval_id, ladder, step, fire_at, for_deadline)
        VALUES ('%s', 1, '24h', now() + interval '5 min', now() + interval '1 h')
        """
            .formatted(id));

    assertThat(life.explain(id.toString()).timeline())
        .extracting(Moment::what)
        .containsExactly("asked", "step", "deadline");
  }

  /** Neither among the latest nor near it is anything read beyond a bound. */
  @Test
  void findsAnOldRecordByItsTimeAndSaysWhenItIsGone() throws Exception {
    database.execute(
        """
        INSERT INTO outbox (type, key, payload, occurred_at)
        SELECT 'Filler', 'f', '{}', now() - interval '2 days' + n * interval '1 ms'
        FROM generate_series(1, 60000) n
        """);
    UUID id = expired();
    database.execute(
        """
        INSERT INTO outbox (type, key, payload, occurred_at)
        SELECT 'Filler', 'f', '{}', now() + n * interval '1 ms'
        FROM generate_series(1, 60000) n
        """);

    assertThat(life.explain(id.toString()).timeline())
        .extracting(Moment::what)
        .contains("expired", "record");

    database.execute("DELETE FROM outbox WHERE type = 'ApprovalExpired'");
    assertThat(life.explain(id.toString()).note()).contains("No record of it was found");
  }

  private Moment fate(UUID id) throws InterruptedException {
    List<Moment> timeline = life.explain(id.toString()).timeline();
    assertThat(timeline).extracting(Moment::what).startsWith("asked", "deadline", "expired");
    return timeline.get(timeline.size() - 1);
  }

  /** As an expiry run does, in one statement. */
  private UUID expired() {
    UUID id = approvals.due();
    database.execute(
        """
        WITH expired AS (
          UPDATE ai_approvals SET status = 'expired', version = version + 1, executed_at = now()
          WHERE id = '%s' RETURNING id)
        INSERT INTO outbox (type, key, payload, occurred_at)
        SELECT 'ApprovalExpired', id::text, '{}', now() FROM expired
        """
            .formatted(id));
    return id;
  }

  private void deadLetter(UUID key, long id) {
    database.execute(
        """
        INSERT INTO dead_letter (relay, key, id, event_id, type, reason, refused_at)
        VALUES ('%s', '%s', %d, gen_random_uuid(), 'ApprovalExpired', 'too large', now())
        """
            .formatted(relay, key, id));
  }

  private void checkpoint() {
    database.execute(
        """
        INSERT INTO relay_checkpoint
          (relay, published_id, snapshot, system_identifier, timeline, lsn, written_lsn)
        SELECT '%s', max(id), pg_current_snapshot(), 1, 1, '0/1', '0/1' FROM outbox
        """
            .formatted(relay));
  }
}
