package dev.lapse.expiration;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lapse.approvals.ApprovalsTable;
import dev.lapse.support.Approvals;
import dev.lapse.support.Roles;
import dev.lapse.support.Servers;
import dev.lapse.support.TestDatabase;
import java.sql.Connection;
import java.sql.Statement;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Whatever keeps an approval from expiring is known before its deadline, in PostgreSQL's words and
 * with the name of what refuses; and a trial changes nothing.
 */
class TrialIT {

  private final TestDatabase database = TestDatabase.migrated();
  private final Approvals approvals = new Approvals(database);

  @AfterEach
  void close() {
    database.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"-1 second", "1 hour", "30 years", "-4000 years"})
  void passesWhereTheApprovalWouldExpireAndChangesNothing(String deadline) {
    UUID id = approvals.insert(1, deadline).get(0);
    String before = row(id);

    Trial.Result result = trial().run();

    assertThat(result.reason()).isNull();
    assertThat(result.outcome()).isEqualTo(Trial.Outcome.PASSED);
    assertThat(result.id()).isEqualTo(id.toString());
    assertThat(result.early()).isEqualTo(!deadline.startsWith("-"));
    assertThat(row(id)).isEqualTo(before);
    assertThat(database.count("SELECT count(*) FROM outbox")).isZero();
  }

  static Stream<Arguments> obstacles() {
    return Stream.of(
        Arguments.of(
            "a constraint over several columns",
            """
            ALTER TABLE ai_approvals ADD CONSTRAINT decided_or_pending
              CHECK ((status = 'pending') = (decided_by IS NULL))
            """,
            "decided_or_pending"),
        Arguments.of(
            "a deferred constraint trigger",
            """
            CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS
              $$ BEGIN RAISE EXCEPTION 'not on my watch'; END $$;
            CREATE CONSTRAINT TRIGGER later AFTER UPDATE ON ai_approvals
              DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION late()
            """,
            "not on my watch (SQLSTATE P0001), in the trigger later of ai_approvals"),
        Arguments.of(
            "a trigger that reads a setting of the session",
            """
            CREATE FUNCTION who() RETURNS trigger LANGUAGE plpgsql AS
              $$ BEGIN PERFORM current_setting('app.current_user'); RETURN NULL; END $$;
            CREATE TRIGGER zz_audit AFTER UPDATE ON ai_approvals
              FOR EACH ROW EXECUTE FUNCTION who()
            """,
            "unrecognized configuration parameter \"app.current_user\" (SQLSTATE 42704), in the"
                + " trigger zz_audit of ai_approvals"),
        Arguments.of(
            "a trigger that writes where the role may not",
            """
            CREATE TABLE audit_log (id uuid);
            CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
              $$ BEGIN INSERT INTO audit_log VALUES (NEW.id); RETURN NEW; END $$;
            CREATE TRIGGER audit BEFORE UPDATE ON ai_approvals
              FOR EACH ROW EXECUTE FUNCTION note()
            """,
            "permission denied for table audit_log (SQLSTATE 42501), in the trigger audit"),
        Arguments.of(
            "a trigger that undoes it",
            """
            CREATE FUNCTION undo() RETURNS trigger LANGUAGE plpgsql AS
              $$ BEGIN NEW.status := OLD.status; RETURN NEW; END $$;
            CREATE TRIGGER sticky BEFORE UPDATE ON ai_approvals
              FOR EACH ROW EXECUTE FUNCTION undo()
            """,
            "did not become expired"),
        Arguments.of(
            "a rule that swallows it",
            "CREATE RULE quiet AS ON INSERT TO outbox DO INSTEAD NOTHING",
            "rules"),
        Arguments.of(
            "a trigger of the outbox that swallows the record",
            """
            CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS
              $$ BEGIN RETURN NULL; END $$;
            CREATE TRIGGER swallows BEFORE INSERT ON outbox
              FOR EACH ROW EXECUTE FUNCTION swallow()
            """,
            "no outbox record was written"),
        Arguments.of(
            "a privilege on the outbox",
            "REVOKE INSERT (payload), INSERT ON outbox FROM " + Roles.SERVICE,
            "permission denied for table outbox"),
        Arguments.of(
            "a sequence behind the rows",
            """
            INSERT INTO outbox (id, type, key, payload) OVERRIDING SYSTEM VALUE
              SELECT n, 'Noted', 'a', '{}' FROM generate_series(1, 50) n;
            SELECT setval('outbox_id_seq', 1, false)
            """,
            "outbox_pkey"),
        Arguments.of(
            "a foreign key",
            """
            CREATE TABLE status_names (name text PRIMARY KEY);
            INSERT INTO status_names VALUES ('pending');
            ALTER TABLE ai_approvals ADD CONSTRAINT known_status
              FOREIGN KEY (status) REFERENCES status_names DEFERRABLE INITIALLY DEFERRED
            """,
            "known_status"),
        Arguments.of(
            "a unique index",
            """
            INSERT INTO ai_approvals (requested_by, action, expires_at, status)
              VALUES ('agent', 'deploy', '2020-01-01', 'expired');
            CREATE UNIQUE INDEX one_a_status ON ai_approvals ((status = 'expired'))
            """,
            "one_a_status"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("obstacles")
  void namesWhatRefusesIt(String what, String obstacle, String named) {
    approvals.insert(1, "1 hour");
    database.execute(obstacle);

    Trial.Result result = trial().run();

    assertThat(result.outcome()).as("%s: %s", what, result).isEqualTo(Trial.Outcome.REFUSED);
    assertThat(result.reason()).contains(named);
    assertThat(result.early()).isTrue();
  }

  @Test
  void tellsTheFirstFromTheRestWhereItIsAMatterOfOneRow() {
    UUID odd = approvals.insert(1, "1 hour").get(0);
    UUID well = approvals.insert(1, "2 hours").get(0);
    database.execute("UPDATE ai_approvals SET requested_by = '' WHERE id = '" + odd + "'");
    database.execute(
        "ALTER TABLE ai_approvals ADD CONSTRAINT somebody CHECK (requested_by <> '') NOT VALID");

    Trial.Result result = trial().run();

    assertThat(result.outcome()).isEqualTo(Trial.Outcome.PASSED);
    assertThat(result.id()).isEqualTo(well.toString());
    assertThat(result.others()).extracting(Refusal::id).containsExactly(odd.toString());
  }

  @Test
  void saysThatNothingIsPending() {
    assertThat(trial().run().outcome()).isEqualTo(Trial.Outcome.NOTHING_PENDING);
  }

  @Test
  void waitsForNobodyWhoHoldsTheApproval() throws Exception {
    UUID id = approvals.insert(1, "1 hour").get(0);
    try (Connection approver = database.connect();
        Statement statement = approver.createStatement()) {
      approver.setAutoCommit(false);
      statement.execute("SELECT FROM ai_approvals WHERE id = '" + id + "' FOR UPDATE");

      Trial.Result result = trial().run();

      assertThat(result.outcome()).isEqualTo(Trial.Outcome.NOT_TRIED);
      assertThat(result.reason()).contains("other sessions hold");
      approver.rollback();
    }
  }

  /** The service is what is paused, not the question whether it would work. */
  @Test
  void triesAlsoWhileExpiringIsPaused() {
    approvals.insert(1, "-1 second");
    database.execute(
        "INSERT INTO pause (part, reason, paused_by) VALUES ('expiration', 'test', 'test')");

    assertThat(trial().run().outcome()).isEqualTo(Trial.Outcome.PASSED);
  }

  @Test
  void triesBeforeAnythingIsMigratedAndLeavesNothing() {
    try (TestDatabase bare = TestDatabase.empty(Servers.postgres())) {
      bare.execute(
          """
          CREATE TABLE ai_approvals (
            id uuid PRIMARY KEY DEFAULT gen_random_uuid(), status text DEFAULT 'pending',
            version int DEFAULT 1, expires_at timestamptz, executed_at timestamptz,
            decided_at timestamptz, CHECK ((status = 'pending') = (decided_at IS NULL)));
          INSERT INTO ai_approvals (expires_at) VALUES (now() + interval '1 day')
          """);

      Trial.Result result = new Trial(bare.dataSource(), ApprovalsTable.standard(), true).run();

      assertThat(result.outcome()).isEqualTo(Trial.Outcome.REFUSED);
      assertThat(result.reason()).contains("ai_approvals_check");
      assertThat(bare.count("SELECT count(*) FROM pg_class WHERE relname IN ('outbox', 'pause')"))
          .isZero();
    }
  }

  @Test
  void canBeSwitchedOff() {
    approvals.insert(1, "-1 second");

    Trial.Result result = new Trial(database.service(), ApprovalsTable.standard(), false).run();

    assertThat(result.outcome()).isEqualTo(Trial.Outcome.NOT_TRIED);
    assertThat(result.reason()).contains("lapse.expiration.trial");
  }

  @Test
  void saysThatARoleWhichOnlyLooksCannotTry() {
    approvals.insert(1, "-1 second");
    try (com.zaxxer.hikari.HikariDataSource reader = new com.zaxxer.hikari.HikariDataSource()) {
      reader.setJdbcUrl(database.url());
      reader.setUsername(Roles.READER);
      reader.setPassword(Roles.PASSWORD);

      Trial.Result result = new Trial(reader, ApprovalsTable.standard(), true).run();

      assertThat(result.outcome()).isEqualTo(Trial.Outcome.NOT_TRIED);
      assertThat(result.reason()).contains(Roles.READER, "may not update ai_approvals");
    }
  }

  /** The guard gives way to nobody who commits. */
  @Test
  void leavesTheGuardAgainstEarlyExpiryWhereItIsDeferred() throws Exception {
    UUID id = approvals.insert(1, "1 hour").get(0);
    try (Connection session = database.connectAs(Roles.APPLICATION);
        Statement statement = session.createStatement()) {
      session.setAutoCommit(false);
      statement.execute("SET CONSTRAINTS ALL DEFERRED");
      statement.execute("UPDATE ai_approvals SET status = 'expired' WHERE id = '" + id + "'");
      org.assertj.core.api.Assertions.assertThatThrownBy(session::commit)
          .hasMessageContaining("is not due");
    }
    assertThat(approvals.status(id)).isEqualTo("pending");
  }

  private Trial trial() {
    return new Trial(database.service(), ApprovalsTable.standard(), true);
  }

  private String row(UUID id) {
    return database
        .jdbc()
        .sql("SELECT ai_approvals::text || xmin::text FROM ai_approvals WHERE id = :id")
        .param("id", id)
        .query(String.class)
        .single();
  }
}
