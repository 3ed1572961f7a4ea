package dev.lapse.decision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lapse.approvals.OptInFixture;
import dev.lapse.support.Approvals;
import dev.lapse.support.Roles;
import dev.lapse.support.TestDatabase;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whoever decides gets one of four answers, and the table agrees with it. */
class DecideIT {

  private final TestDatabase database = TestDatabase.migrated();
  private final Approvals approvals = new Approvals(database);

  @BeforeEach
  void optIn() throws SQLException {
    try (Connection owner = database.connectAs(Roles.OWNER)) {
      OptInFixture.apply(owner, Map.of(), OptIns.decide());
    }
  }

  @AfterEach
  void close() {
    database.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"approved", "rejected", "cancelled", "executed"})
  void decidesWhatIsPending(String status) throws SQLException {
    UUID id = approvals.notDue(1).get(0);

    Answer answer = decide(id, status, "maria");

    assertThat(answer.outcome()).isEqualTo("decided");
    assertThat(answer.currentStatus()).isEqualTo(status);
    assertThat(answer.decidedBy()).isEqualTo("maria");
    assertThat(answer.late()).isNull();
    assertThat(approvals.status(id)).isEqualTo(status);
    assertThat(database.count("SELECT count(*) FROM ai_approvals WHERE version = 2")).isOne();
    assertThat(records()).isZero();
    assertThat(database.count("SELECT count(*) FROM late_decision")).isZero();
  }

  @Test
  void saysWhoDecidedBefore() throws SQLException {
    UUID id = approvals.notDue(1).get(0);
    decide(id, "approved", "maria");

    Answer answer = decide(id, "rejected", "jonas");

    assertThat(answer.outcome()).isEqualTo("already");
    assertThat(answer.currentStatus()).isEqualTo("approved");
    assertThat(answer.decidedBy()).isEqualTo("maria");
    assertThat(approvals.status(id)).isEqualTo("approved");
    assertThat(late()).containsExactly(id + " jonas rejected approved null");
  }

  @Test
  void expiresWhatIsOverdueAndSaysHowLateItIs() throws SQLException {
    UUID id = approvals.insert(1, "-90 minutes").get(0);

    Answer answer = decide(id, "approved", "maria");

    assertThat(answer.outcome()).isEqualTo("lapsed");
    assertThat(answer.currentStatus()).isEqualTo("expired");
    assertThat(answer.decidedBy()).isNull();
    assertThat(answer.since()).isTrue();
    assertThat(answer.late()).isBetween(Duration.ofMinutes(90), Duration.ofMinutes(95));
    assertThat(approvals.status(id)).isEqualTo("expired");
    assertThat(records()).isOne();
    assertThat(
            database.count(
                "SELECT count(*) FROM ai_approvals WHERE executed_at > expires_at AND version = 2"))
        .isOne();
    assertThat(late()).containsExactly(id + " maria approved expired 01:30:00");
  }

  @Test
  void saysThatASweepExpiredItBefore() throws SQLException {
    UUID id = approvals.insert(1, "-90 minutes").get(0);
    decide(id, "approved", "maria");

    Answer answer = decide(id, "approved", "maria");

    assertThat(answer.outcome()).isEqualTo("lapsed");
    assertThat(records()).as("no second event").isOne();
    assertThat(late()).hasSize(2);
  }

  @Test
  void saysThatThereIsNone() throws SQLException {
    Answer answer = decide(UUID.randomUUID(), "approved", "maria");

    assertThat(answer.outcome()).isEqualTo("unknown");
    assertThat(answer.currentStatus()).isNull();
    assertThat(late()).isEmpty();
  }

  /** The caller's transaction may be older than the deadline: the clock decides, and not that. */
  @Test
  void goesByTheClockAndNotByTheBeginOfTheTransaction() throws SQLException {
    try (Connection session = database.connectAs(Roles.APPLICATION)) {
      session.setAutoCommit(false);
      session.createStatement().execute("SELECT now()");
      UUID id = approvals.insert(1, "0 seconds").get(0);

      Answer answer = decide(session, id, "approved", "maria");
      session.commit();

      assertThat(answer.outcome()).isEqualTo("lapsed");
      assertThat(approvals.status(id)).isEqualTo("expired");
      assertThat(
              database.count(
                  """
                  SELECT count(*) FROM ai_approvals JOIN outbox ON key = ai_approvals.id::text
                  WHERE executed_at > expires_at AND occurred_at > expires_at
                    AND (payload ->> 'expiredAt')::timestamptz > expires_at
                  """))
          .isOne();
    }
  }

  @Test
  void leavesNothingIfTheCallerRollsBack() throws SQLException {
    UUID id = approvals.due();
    try (Connection session = database.connectAs(Roles.APPLICATION)) {
      session.setAutoCommit(false);
      assertThat(decide(session, id, "approved", "maria").outcome()).isEqualTo("lapsed");
      session.rollback();
    }

    assertThat(approvals.status(id)).isEqualTo("pending");
    assertThat(records()).isZero();
    assertThat(late()).isEmpty();
  }

  /** The mass-expiry protection would be none if each late click expired one approval. */
  @Test
  void expiresNothingWhileExpiringIsPaused() throws SQLException {
    UUID overdue = approvals.due();
    UUID pending = approvals.notDue(1).get(0);
    database.execute("INSERT INTO pause (part, reason) VALUES ('expiration', 'a test')");

    assertThatThrownBy(() -> decide(overdue, "approved", "maria"))
        .isInstanceOf(SQLException.class)
        .hasMessageContaining("is past its deadline, and cannot expire now")
        .hasMessageContaining("Expiring is paused")
        .extracting(e -> ((SQLException) e).getSQLState())
        .isEqualTo("55000");
    assertThat(approvals.status(overdue)).isEqualTo("pending");
    assertThat(decide(pending, "approved", "maria").outcome()).isEqualTo("decided");
  }

  @ParameterizedTest
  @ValueSource(strings = {"pending", "expired", "aproved", ""})
  void refusesWhatIsNoDecision(String status) {
    UUID id = approvals.due();

    assertThatThrownBy(() -> decide(id, status, "maria"))
        .hasMessageContaining("status '%s' is not a decision".formatted(status))
        .hasMessageContaining("approved, rejected, executed, cancelled");
    assertThat(approvals.status(id)).isEqualTo("pending");
  }

  /** Without its trigger there would be an expiry that nobody hears about. */
  @Test
  void refusesToExpireWithoutAnEvent() {
    UUID id = approvals.due();
    database.execute("ALTER TABLE ai_approvals DISABLE TRIGGER lapse_expired");

    assertThatThrownBy(() -> decide(id, "approved", "maria"))
        .hasMessageContaining("its event was not written");
    assertThat(approvals.status(id)).isEqualTo("pending");
  }

  /** An old job beside Lapse: what it expires has its event, too. */
  @Test
  void recordsAnExpiryByAnybodyElse() {
    UUID id = approvals.due();

    database.execute("UPDATE ai_approvals SET status = 'expired', executed_at = now()");

    assertThat(database.count("SELECT count(*) FROM outbox WHERE key = '%s'".formatted(id)))
        .isOne();
  }

  @Test
  void leavesAFunctionOfThatNameThatIsNotOurs() throws SQLException {
    try (TestDatabase own = TestDatabase.migrated();
        Connection owner = own.connectAs(Roles.OWNER)) {
      owner
          .createStatement()
          .execute(
              """
              CREATE FUNCTION decide_approval(id text, status text, actor text,
                OUT outcome text, OUT current_status text, OUT decided_by text, OUT since timestamptz,
                OUT expires_at timestamptz, OUT late interval)
              LANGUAGE sql AS $$ SELECT 'theirs', '', '', now(), now(), interval '1 s' $$
              """);

      assertThatThrownBy(() -> OptInFixture.apply(owner, Map.of(), OptIns.decide()))
          .hasStackTraceContaining("there is a function decide_approval, and it is not Lapse's");

      assertThat(
              own.jdbc()
                  .sql("SELECT outcome FROM decide_approval('', '', '')")
                  .query(String.class)
                  .single())
          .isEqualTo("theirs");
    }
  }

  private Answer decide(UUID id, String status, String actor) throws SQLException {
    try (Connection session = database.connectAs(Roles.APPLICATION)) {
      return decide(session, id, status, actor);
    }
  }

  private static Answer decide(Connection session, UUID id, String status, String actor)
      throws SQLException {
    try (PreparedStatement decide =
        session.prepareStatement(
            """
            SELECT outcome, current_status, decided_by, since IS NOT NULL, extract(epoch FROM late)
            FROM decide_approval(?::text, ?, ?)
            """)) {
      decide.setObject(1, id);
      decide.setString(2, status);
      decide.setString(3, actor);
      try (ResultSet row = decide.executeQuery()) {
        row.next();
        double late = row.getDouble(5);
        return new Answer(
            row.getString(1),
            row.getString(2),
            row.getString(3),
            row.getBoolean(4),
            row.wasNull() || row.getObject(5) == null
                ? null
                : Duration.ofMillis(Math.round(late * 1000)));
      }
    }
  }

  private long records() {
    return database.count("SELECT count(*) FROM outbox WHERE type = 'ApprovalExpired'");
  }

  private List<String> late() {
    return database
        .jdbc()
        .sql(
            """
            SELECT concat_ws(' ', approval, actor, wanted, status,
                             coalesce(date_trunc('minute', late)::text, 'null'))
            FROM late_decision ORDER BY id
            """)
        .query(String.class)
        .list();
  }

  private record Answer(
      String outcome,
      @Nullable String currentStatus,
      @Nullable String decidedBy,
      boolean since,
      @Nullable Duration late) {}
}
