package dev.lapse.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lapse.approvals.OptInFixture;
import dev.lapse.decision.OptIns;
import dev.lapse.support.Approvals;
import dev.lapse.support.Command;
import dev.lapse.support.Outbox;
import dev.lapse.support.Psql;
import dev.lapse.support.Roles;
import dev.lapse.support.Servers;
import dev.lapse.support.TestDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Each role can do what it is for, and the database refuses it the rest. */
class RolesIT {

  /** insufficient_privilege. */
  private static final String REFUSED = "42501";

  private static final TestDatabase database = TestDatabase.migrated();

  @AfterAll
  static void close() {
    database.close();
  }

  /** What is in the log stays as it was written, whoever holds the service's password. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "UPDATE outbox SET payload = '{}'",
        "UPDATE outbox SET xact_id = '2'",
        "DELETE FROM outbox",
        "TRUNCATE outbox",
        "INSERT INTO outbox (xact_id, type, key, payload) VALUES ('3', 'Noted', 'a', '{}')",
        "INSERT INTO outbox (id, type, key, payload) OVERRIDING SYSTEM VALUE VALUES (1, 'a', 'a',"
            + " '{}')",
        "SELECT setval('outbox_id_seq', 1)",
        "ALTER TABLE outbox DISABLE TRIGGER ALL",
        "ALTER TABLE outbox DROP CONSTRAINT outbox_size",
        "DROP TABLE outbox",
        "ALTER TABLE ai_approvals DISABLE TRIGGER ai_approvals_final",
        "DROP TRIGGER ai_approvals_not_due ON ai_approvals",
        "SET session_replication_role = replica",
        "UPDATE ai_approvals SET expires_at = now()",
        "UPDATE ai_approvals SET decided_by = 'nobody'",
        "SELECT action FROM ai_approvals",
        "INSERT INTO ai_approvals (requested_by, action, expires_at) VALUES ('a', 'a', now())",
        "DELETE FROM ai_approvals",
        "DELETE FROM relay_checkpoint",
        "INSERT INTO late_decision (approval, wanted) VALUES ('a', 'approved')",
        "UPDATE late_decision SET actor = 'nobody'",
        "DELETE FROM replay",
        "TRUNCATE dead_letter",
        "UPDATE lapse_schema_history SET success = true",
        "CREATE OR REPLACE FUNCTION purge_outbox(bigint, interval, integer) RETURNS int"
            + " LANGUAGE sql AS 'SELECT 1'",
        "ALTER FUNCTION purge_outbox(bigint, interval, integer) SECURITY INVOKER",
      })
  void theServiceMayNot(String sql) {
    assertRefused(Roles.SERVICE, sql);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "SELECT * FROM outbox",
        "UPDATE outbox SET payload = '{}'",
        "DELETE FROM outbox",
        "TRUNCATE outbox",
        "INSERT INTO outbox (xact_id, type, key, payload) VALUES ('3', 'Noted', 'a', '{}')",
        "INSERT INTO outbox (id, type, key, payload) OVERRIDING SYSTEM VALUE VALUES (1, 'a', 'a',"
            + " '{}')",
        "INSERT INTO outbox (type, key, payload, occurred_at) VALUES ('Noted', 'a', '{}', now())",
        "SELECT nextval('outbox_id_seq')",
        "SELECT purge_outbox(0, '1 day', 10)",
        "SELECT restamp_outbox(0, 10)",
        "SELECT * FROM relay_checkpoint",
        "UPDATE relay_checkpoint SET published_id = 1000",
        "INSERT INTO pause (part, reason) VALUES ('relay', 'mine')",
        "SELECT * FROM dead_letter",
        "SELECT reason FROM pause",
        "SELECT * FROM late_decision",
        "UPDATE late_decision SET actor = 'nobody'",
        "DELETE FROM late_decision",
        "INSERT INTO late_decision (approval, wanted, at) VALUES ('a', 'approved', now())",
        "ALTER TABLE ai_approvals DISABLE TRIGGER ai_approvals_final",
        "DELETE FROM ai_approvals",
        "TRUNCATE ai_approvals",
        "CREATE TRIGGER mine BEFORE UPDATE ON ai_approvals EXECUTE FUNCTION suppress_redundant_updates_trigger()",
      })
  void theApplicationMayNot(String sql) {
    assertRefused(Roles.APPLICATION, sql);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "INSERT INTO outbox (type, key, payload) VALUES ('Noted', 'a', '{}')",
        "DELETE FROM outbox",
        "UPDATE ai_approvals SET status = 'approved'",
        "SELECT action FROM ai_approvals",
        "UPDATE relay_checkpoint SET published_id = 1000",
        "UPDATE dead_letter SET requeued_at = now()",
        "DELETE FROM pause",
        "DELETE FROM late_decision",
        "SELECT purge_outbox(0, '1 day', 10)",
        "SELECT restamp_outbox(0, 10)",
      })
  void theReaderMayNot(String sql) {
    assertRefused(Roles.READER, sql);
  }

  @ParameterizedTest
  @CsvSource({"lapse_service", "lapse_application", "lapse_reader"})
  void nobodyButTheOwnerMakesTables(String role) throws Exception {
    database.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC"); // as it is from 15 on

    assertRefused(role, "CREATE TABLE mine (id int)");
  }

  @Test
  void theApplicationWritesEventsAndDecidesApprovals() throws Exception {
    try (Connection application = database.connectAs(Roles.APPLICATION);
        Statement statement = application.createStatement()) {
      statement.execute(
          """
          INSERT INTO ai_approvals (requested_by, action, expires_at)
          VALUES ('agent', 'deploy', now() + interval '1 h')
          """);
      assertThat(
              statement.executeUpdate(
                  """
                  UPDATE ai_approvals SET status = 'approved', version = version + 1
                  WHERE status = 'pending' AND expires_at > clock_timestamp()
                  """))
          .isEqualTo(1);
      assertThat(
              statement.executeUpdate(
                  """
                  INSERT INTO outbox (event_id, type, topic, key, payload, headers)
                  VALUES (gen_random_uuid(), 'ApprovalApproved', 'approvals.approved', 'a',
                          '{"approved": true}', '{"tenant": "t"}')
                  """))
          .isEqualTo(1);
    }
    assertThat(database.count("SELECT count(*) FROM outbox WHERE xact_id IS NOT NULL")).isOne();
  }

  /**
   * {@code decide_approval} runs with the rights of its caller, so whoever may not decide by hand
   * decides nothing by it, and what row security hides from him is unknown.
   */
  @Test
  void whoMayNotDecideByHandDoesNotByTheFunction() throws Exception {
    try (TestDatabase own = TestDatabase.migrated();
        Connection owner = own.connectAs(Roles.OWNER);
        Connection application = own.connectAs(Roles.APPLICATION);
        Connection reader = own.connectAs(Roles.READER)) {
      OptInFixture.apply(owner, Map.of(), OptIns.all());
      String call =
          "SELECT outcome FROM decide_approval('%s', 'approved', 'maria')"
              .formatted(new Approvals(own).notDue(1).get(0));
      String late =
          "SELECT outcome FROM decide_approval('%s', 'approved', 'maria')"
              .formatted(new Approvals(own).due());

      assertThatThrownBy(() -> outcome(reader, call))
          .extracting(e -> ((SQLException) e).getSQLState())
          .isEqualTo(REFUSED);
      own.execute("ALTER TABLE ai_approvals ENABLE ROW LEVEL SECURITY");
      assertThat(outcome(application, call)).isEqualTo("unknown");
      assertThat(outcome(application, late)).isEqualTo("unknown");
      own.execute("CREATE POLICY all_of_them ON ai_approvals USING (true)");
      assertThat(outcome(application, call)).isEqualTo("decided");
      assertThat(outcome(application, late)).isEqualTo("lapsed");
      assertThat(own.count("SELECT count(*) FROM outbox WHERE type <> 'ApprovalRequested'"))
          .isEqualTo(2);
    }
  }

  private static String outcome(Connection session, String call) throws SQLException {
    try (Statement statement = session.createStatement();
        ResultSet row = statement.executeQuery(call)) {
      row.next();
      return row.getString(1);
    }
  }

  /** The functions of the triggers are for the triggers that Lapse makes. */
  @Test
  void nobodyButTheOwnerMakesATriggerOfOurs() throws Exception {
    try (TestDatabase own = TestDatabase.migrated();
        Connection owner = own.connectAs(Roles.OWNER);
        Connection application = own.connectAs(Roles.APPLICATION);
        Statement statement = application.createStatement()) {
      OptInFixture.apply(owner, Map.of(), OptIns.all());
      statement.execute("CREATE TEMPORARY TABLE mine (id int, status text)");
      for (String function :
          List.of("lapse_record_expiry", "lapse_record_decision", "lapse_record_request")) {
        assertThatThrownBy(
                () ->
                    statement.execute(
                        "CREATE TRIGGER forges AFTER INSERT ON mine FOR EACH ROW EXECUTE FUNCTION %s()"
                            .formatted(function)))
            .extracting(e -> ((SQLException) e).getSQLState())
            .isEqualTo(REFUSED);
      }
    }
  }

  /** Each command that looks, as the role that may only look. */
  @Test
  void theReaderLooks() throws Exception {
    try (TestDatabase own = TestDatabase.migrated()) {
      new Approvals(own).notDue(2);
      String[] reader = {user(Roles.READER), password(Roles.PASSWORD)};

      assertThat(run(own, 0, "audit", reader[0], reader[1])).contains("No problems found.");
      assertThat(run(own, 0, "status", reader[0], reader[1])).contains("2");
      assertThat(run(own, 0, "expire", "--dry-run", reader[0], reader[1]))
          .contains("Approvals that would expire: 0");
      assertThat(run(own, 0, "dead-letters", "list", reader[0], reader[1]))
          .contains("Dead letters: 0");
      assertThat(run(own, 1, "pause", "relay", reader[0], reader[1]))
          .contains("permission denied for table pause")
          .doesNotContain("\tat ");
    }
  }

  /** Not even by the function that it may call, whatever it asks of that. */
  @Test
  void theServicePurgesNothingThatIsNotPublished() throws Exception {
    try (TestDatabase own = TestDatabase.migrated();
        Connection service = own.connectAs(Roles.SERVICE);
        Statement statement = service.createStatement()) {
      new Outbox(own).append(5, "a");
      own.execute(
          """
          INSERT INTO outbox (type, key, payload, occurred_at)
          SELECT 'Noted', 'old', '{}', now() - interval '1 year' FROM generate_series(1, 5)
          """);

      statement.execute("SELECT purge_outbox(0, '-1 year', 100000)");
      assertThat(own.count("SELECT count(*) FROM outbox")).isEqualTo(10);
      own.execute(
          """
          INSERT INTO relay_checkpoint
            (relay, published_id, snapshot, system_identifier, timeline, lsn, written_lsn)
          VALUES ('lapse', 8, pg_current_snapshot(), 1, 1, '0/1', '0/1')
          """);

      statement.execute("SELECT purge_outbox(0, '-1 year', 100000)");

      // Of what is published, what is not a minute old, and the row of the position itself.
      assertThat(own.count("SELECT count(*) FROM outbox WHERE key = 'a'")).isEqualTo(5);
      assertThat(own.count("SELECT min(id) FROM outbox WHERE key = 'old'")).isEqualTo(8);
    }
  }

  /**
   * A function that runs as its owner must find its owner's tables, whoever calls it from where.
   */
  @Test
  void thePurgeIsNotLedAstray() throws Exception {
    try (TestDatabase own = TestDatabase.migrated();
        Connection service = own.connectAs(Roles.SERVICE);
        Statement statement = service.createStatement()) {
      new Outbox(own).append(3, "a");
      statement.execute(
          """
          CREATE TEMPORARY TABLE relay_checkpoint AS
          SELECT 'forged' AS relay, 1000::bigint AS published_id, pg_current_snapshot() AS snapshot,
                 '[]'::jsonb AS dead_letters
          """);
      statement.execute("SET search_path = pg_temp, public");
      own.execute("ALTER TABLE outbox DISABLE TRIGGER ALL");
      own.execute("UPDATE outbox SET occurred_at = now() - interval '1 year'");

      statement.execute("SELECT public.purge_outbox(0, '1 day', 1000)");

      assertThat(own.count("SELECT count(*) FROM outbox")).isEqualTo(3);
    }
  }

  @Test
  void theServiceSaysWhatItMayNotAndHowToMendThat() throws Exception {
    try (TestDatabase own = TestDatabase.migrated()) {
      new Approvals(own).due(1);
      own.execute("REVOKE ALL ON outbox FROM " + Roles.SERVICE);

      assertThat(run(own, 1, "expire"))
          .contains("permission denied for table outbox")
          .doesNotContain("\tat ");
    }
  }

  /** psql itself, with names of one's own, before and after migrating, and once more. */
  @Test
  void psqlRunsTheScriptAsOftenAsOneLikes() throws Exception {
    try (TestDatabase own = TestDatabase.empty(Servers.postgres())) {
      own.execute("CREATE SCHEMA lapse; CREATE SCHEMA history");

      assertThat(psql(own)).contains("Nothing is migrated yet");
      own.execute("ALTER ROLE my_owner PASSWORD 'mine'; ALTER ROLE my_service PASSWORD 'mine'");
      run(own, 0, "migrate", user("my_owner"), password("mine"));
      assertThat(psql(own)).doesNotContain("ERROR", "Nothing is migrated");
      assertThat(psql(own)).doesNotContain("ERROR", "Nothing is migrated");

      own.execute(
          """
          INSERT INTO lapse.ai_approvals (requested_by, action, expires_at)
          VALUES ('agent', 'deploy', now() - interval '1 s')
          """);
      assertThat(run(own, 0, "expire", user("my_service"), password("mine")))
          .contains("Approvals expired: 1");
      assertThat(own.count("SELECT count(*) FROM lapse.outbox")).isOne();
    }
  }

  @Test
  void psqlGrantsATableOfOnesOwnInASchemaOfItsOwn() throws Exception {
    try (TestDatabase own = TestDatabase.migrated()) {
      own.execute(
          """
          CREATE SCHEMA approval_service;
          CREATE TABLE approval_service."AiApproval" (id bigint, state text, "dueAt" timestamptz);
          """);

      String said =
          psql(
              own,
              "--set=schema=public",
              "--set=approvals_schema=approval_service",
              "--set=approvals=AiApproval",
              "--set=approval_columns=id, state, \"dueAt\"",
              "--set=approval_changes=state");

      assertThat(said).doesNotContain("ERROR");
      assertThat(
              own.count(
                  """
                  SELECT count(*)
                  FROM (VALUES ('dueAt', 'SELECT'), ('state', 'UPDATE')) needed(name, privilege)
                  WHERE has_schema_privilege('my_service', 'approval_service', 'USAGE')
                    AND has_column_privilege(
                          'my_service', 'approval_service."AiApproval"', name, privilege)
                    AND NOT has_column_privilege(
                          'my_service', 'approval_service."AiApproval"', 'id', 'UPDATE')
                  """))
          .isEqualTo(2);
    }
  }

  /** By what anybody creates there, he could have it run with another role's rights. */
  @Test
  void refusesASchemaInWhichEverybodyMayCreate() throws Exception {
    try (TestDatabase own = TestDatabase.empty(Servers.postgres())) {
      own.execute("GRANT CREATE ON SCHEMA public TO PUBLIC");

      assertThat(psql(own, "--set=schema=public"))
          .contains("ERROR", "every role may create objects in schema public")
          .contains("REVOKE CREATE ON SCHEMA public FROM PUBLIC");

      own.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC");
      assertThat(psql(own, "--set=schema=public")).doesNotContain("ERROR");
    }
  }

  @Test
  void refusesToMakeOneRoleOfTwo() throws Exception {
    try (TestDatabase own = TestDatabase.empty(Servers.postgres())) {
      assertThat(psql(own, "--set=service=same", "--set=owner=same", "--set=schema=public"))
          .contains("must be four roles", "What one role may do");
      assertThat(psql(own, "--set=schema=absent")).contains("there is no schema absent");
    }
  }

  private static String psql(TestDatabase own, String... options) throws Exception {
    List<String> all =
        new ArrayList<>(
            List.of(
                "--set=owner=my_owner",
                "--set=service=my_service",
                "--set=application=my_application",
                "--set=reader=my_reader",
                "--set=schema=lapse"));
    all.addAll(List.of(options));
    all.add("--file=db/roles.sql");
    return Psql.run(own, all.toArray(String[]::new));
  }

  private static void assertRefused(String role, String sql) {
    try (Connection connection = database.connectAs(role);
        Statement statement = connection.createStatement()) {
      boolean unused = statement.execute(sql);
      throw new AssertionError("%s may: %s".formatted(role, sql));
    } catch (SQLException refusal) {
      assertThat(refusal.getSQLState()).as(refusal.getMessage()).isEqualTo(REFUSED);
    }
  }

  private static String run(TestDatabase database, int exitCode, String... args) {
    Command command = Command.run(database, args);
    assertThat(command.exitCode()).as(command::output).isEqualTo(exitCode);
    return command.output();
  }

  private static String user(String name) {
    return "--spring.datasource.username=" + name;
  }

  private static String password(String password) {
    return "--spring.datasource.password=" + password;
  }
}
