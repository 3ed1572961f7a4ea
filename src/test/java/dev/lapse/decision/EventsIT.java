package dev.lapse.decision;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lapse.approvals.ApprovalsTable;
import dev.lapse.approvals.OptInFixture;
import dev.lapse.audit.AuditsForTests;
import dev.lapse.support.Command;
import dev.lapse.support.Golden;
import dev.lapse.support.Roles;
import dev.lapse.support.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Each approval has one event when it is requested and one when it ends, whoever ends it and
 * however.
 */
class EventsIT {

  private static final String INSERT =
      """
      INSERT INTO ai_approvals (requested_by, action, expires_at)
      VALUES ('agent', 'deploy', now() %s interval '1 hour')
      """;

  private static final String TIME = "\\d{4}-\\d\\d-\\d\\dT[0-9:.]{15}Z";

  private final TestDatabase database = TestDatabase.migrated();

  @BeforeEach
  void optIn() throws SQLException {
    try (Connection owner = database.connectAs(Roles.OWNER)) {
      OptInFixture.apply(owner, Map.of(), OptIns.all());
    }
  }

  @AfterEach
  void close() {
    database.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"approved", "rejected", "cancelled", "executed"})
  void aDecisionByAPlainUpdateHasItsEvent(String status) throws SQLException {
    UUID id = insert("+");

    asApplication(
        "UPDATE ai_approvals SET status = '%s', version = version + 1, decided_by = 'maria'"
            .formatted(status));

    assertThat(types()).containsExactly("ApprovalRequested", "ApprovalDecided");
    if (status.equals("approved")) {
      assertThat(payload("ApprovalDecided")).isEqualTo(golden("approval-decided", id));
    }
    assertThat(payload("ApprovalRequested")).isEqualTo(golden("approval-requested", id));
  }

  @Test
  void aDecisionByTheFunctionHasOneEvent() throws SQLException {
    UUID id = insert("+");

    asApplication("SELECT decide_approval('%s', 'approved', 'maria')".formatted(id));
    asApplication("SELECT decide_approval('%s', 'rejected', 'jonas')".formatted(id));

    assertThat(types()).containsExactly("ApprovalRequested", "ApprovalDecided");
  }

  @Test
  void anExpiryHasOneEventWhetherByASweepOrByALateDecision() throws SQLException {
    UUID id = insert("-");
    asApplication("SELECT decide_approval('%s', 'approved', 'maria')".formatted(id));
    insert("-");

    assertThat(Command.run(database, "expire").output()).contains("Approvals expired: 1");

    assertThat(types())
        .containsExactly(
            "ApprovalRequested", "ApprovalExpired", "ApprovalRequested", "ApprovalExpired");
  }

  @Test
  void whatFollowsADecisionHasNoEvent() throws SQLException {
    insert("+");
    asApplication("UPDATE ai_approvals SET status = 'approved'");

    asApplication("UPDATE ai_approvals SET status = 'executed'");
    asApplication("UPDATE ai_approvals SET action = 'rollback'");

    assertThat(types()).containsExactly("ApprovalRequested", "ApprovalDecided");
  }

  @Test
  void aDecisionThatIsRolledBackHasNone() throws SQLException {
    insert("+");
    try (Connection session = database.connectAs(Roles.APPLICATION);
        Statement statement = session.createStatement()) {
      session.setAutoCommit(false);
      statement.execute("UPDATE ai_approvals SET status = 'approved'");
      session.rollback();
    }

    assertThat(types()).containsExactly("ApprovalRequested");
  }

  /** Whoever may write approvals needs no right on the outbox, and gets none. */
  @Test
  void aWriterNeedsNoRightOnTheOutbox() throws SQLException {
    database.execute("REVOKE ALL ON outbox FROM " + Roles.APPLICATION);

    insert("+");
    asApplication("UPDATE ai_approvals SET status = 'approved'");

    assertThat(types()).containsExactly("ApprovalRequested", "ApprovalDecided");
  }

  /** A null or an infinite deadline, a large text: nothing of a row makes its writer fail. */
  @Test
  void noRowMakesItsWriterFail() throws SQLException {
    database.execute(
        """
        ALTER TABLE ai_approvals ALTER expires_at DROP NOT NULL;
        ALTER TABLE ai_approvals DROP CONSTRAINT ai_approvals_expires_at;
        """);

    asApplication(
        """
        INSERT INTO ai_approvals (requested_by, action, expires_at)
        SELECT 'agent', 'deploy', at::timestamptz
        FROM unnest(ARRAY[NULL, 'infinity', '-infinity', '4000-01-01 BC', '20000-01-01']) at
        """);
    asApplication(
        "UPDATE ai_approvals SET status = 'approved', decided_by = repeat(chr(1), 200000)");

    assertThat(
            database
                .jdbc()
                .sql(
                    "SELECT coalesce(payload ->> 'expiresAt', 'null') FROM outbox"
                        + " WHERE type = 'ApprovalDecided' ORDER BY id")
                .query(String.class)
                .list())
        .containsExactlyInAnyOrder(
            "null",
            "null",
            "0001-01-01T00:00:00.000000Z",
            "0001-01-01T00:00:00.000000Z",
            "9999-12-31T23:59:59.999999Z");
  }

  /** What the audit is for: an end that nobody reports, and two ends of one approval. */
  @Test
  void theAuditFindsAnEndWithoutARecordAndOneWithTwo() throws SQLException {
    insert("+");
    asApplication("UPDATE ai_approvals SET status = 'approved'");
    UUID silent = insert("+");
    UUID twice = insert("+");
    assertThat(AuditsForTests.broken(database, ApprovalsTable.standard())).isEmpty();
    UUID late = insert("-");
    database.execute(
        "SET session_replication_role = replica; UPDATE ai_approvals SET status = 'rejected' WHERE id = '%s'; UPDATE ai_approvals SET status = 'expired' WHERE id = '%s'"
            .formatted(silent, late));
    asApplication("SELECT decide_approval('%s', 'approved', 'maria')".formatted(twice));
    database.execute(
        "INSERT INTO outbox (type, key, payload) SELECT type, key, payload FROM outbox WHERE type = 'ApprovalDecided' AND key = '%s'"
            .formatted(twice));

    assertThat(String.join("", AuditsForTests.broken(database, ApprovalsTable.standard())))
        .contains("ended-without-record", silent.toString(), late.toString())
        .contains("ended-twice", twice.toString());
  }

  private UUID insert(String sign) throws SQLException {
    asApplication(INSERT.formatted(sign));
    return database
        .jdbc()
        .sql("SELECT id FROM ai_approvals ORDER BY created_at DESC LIMIT 1")
        .query(UUID.class)
        .single();
  }

  private void asApplication(String sql) throws SQLException {
    try (Connection session = database.connectAs(Roles.APPLICATION);
        Statement statement = session.createStatement()) {
      statement.execute(sql);
    }
  }

  private List<String> types() {
    return database.jdbc().sql("SELECT type FROM outbox ORDER BY id").query(String.class).list();
  }

  private String payload(String type) {
    return database
        .jdbc()
        .sql("SELECT payload::text FROM outbox WHERE type = :type")
        .param("type", type)
        .query(String.class)
        .single()
        .replaceAll(TIME, "T");
  }

  /** The golden message's value, but for the times and the id. */
  private static String golden(String name, UUID id) {
    Golden golden = Golden.read(name);
    return golden.value().replace(golden.key(), id.toString()).replaceAll(TIME, "T");
  }

  @Test
  void aStatusThatBecomesNullIsTheEndOfIt() throws SQLException {
    database.execute("ALTER TABLE ai_approvals ALTER status DROP NOT NULL");
    insert("+");

    asApplication("UPDATE ai_approvals SET status = NULL");

    assertThat(types()).containsExactly("ApprovalRequested", "ApprovalDecided");
  }

  /** What expires along with another has its event, whoever expires that one. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void anExpiryByATriggerOfTheTableHasItsEvent(boolean sweep) throws SQLException {
    UUID parent = insert("-");
    UUID child = insert("-");
    database.execute(
        """
        CREATE FUNCTION expire_child() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          UPDATE ai_approvals SET status = 'expired', version = version + 1, executed_at = now()
          WHERE id = '%s' AND status = 'pending';
          RETURN NULL;
        END $$;
        CREATE TRIGGER expire_child AFTER UPDATE ON ai_approvals FOR EACH ROW
          WHEN (NEW.id = '%s' AND NEW.status = 'expired') EXECUTE FUNCTION expire_child();
        """
            .formatted(child, parent));

    if (sweep) {
      Command expire = Command.run(database, "expire", "--lapse.expiration.batch-size=1");
      assertThat(expire.exitCode()).as(expire.output()).isZero();
    } else {
      asApplication(
          "UPDATE ai_approvals SET status = 'expired', version = version + 1, executed_at = now()"
              + " WHERE id = '%s'".formatted(parent));
    }

    assertThat(types().stream().filter("ApprovalExpired"::equals)).hasSize(2);
  }
}
