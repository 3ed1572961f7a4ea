package dev.lapse.expiration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.lapse.support.Approvals;
import dev.lapse.support.TestDatabase;
import java.time.Instant;
import java.util.Objects;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;
import org.springframework.dao.DataIntegrityViolationException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Whoever updates an approval, however old his SELECT is, cannot take a decision back and cannot
 * expire what is not yet due: the database refuses.
 */
class GuardIT {

  private static final TestDatabase database = TestDatabase.migrated();

  private final Approvals approvals = new Approvals(database);

  @AfterAll
  static void close() {
    database.close();
  }

  @ParameterizedTest
  @CsvSource({
    "approved, pending",
    "approved, rejected",
    "approved, expired",
    "rejected, pending",
    "rejected, approved",
    "rejected, expired",
    "rejected, executed",
    "rejected, cancelled",
    "expired, pending",
    "expired, approved",
    "expired, rejected",
    "expired, executed",
    "expired, cancelled",
    "executed, pending",
    "executed, approved",
    "executed, rejected",
    "executed, expired",
    "executed, cancelled",
    "cancelled, pending",
    "cancelled, approved",
    "cancelled, rejected",
    "cancelled, expired",
    "cancelled, executed",
  })
  void refusesToTakeADecisionBack(String from, String to) {
    UUID id = approvals.due();
    update(id, "status = '%s'".formatted(from));

    ServerErrorMessage refusal = refusal(id, "status = '%s'".formatted(to));

    assertThat(refusal.getConstraint()).isEqualTo("ai_approvals_final");
    assertThat(refusal.getMessage())
        .isEqualTo("approval %s is %s: it cannot become %s".formatted(id, from, to));
    assertThat(refusal.getHint()).contains("WHERE status = 'pending'");
    assertThat(approvals.status(id)).isEqualTo(from);
  }

  /** What a program needs to answer whoever comes too late, in the driver's own words. */
  @Test
  void saysInItsDetailWhatTheApprovalIsAndSinceWhen() {
    UUID id = approvals.insert(1, "-2 hours").get(0);
    update(
        id, "status = 'approved', decided_by = 'maria', executed_at = now() - interval '3 hours'");

    String detail = Objects.requireNonNull(refusal(id, "status = 'rejected'").getDetail());

    JsonNode facts = JsonMapper.builder().build().readTree(detail);
    assertThat(facts.required("approvalId").asString()).isEqualTo(id.toString());
    assertThat(facts.required("status").asString()).isEqualTo("approved");
    assertThat(facts.required("wanted").asString()).isEqualTo("rejected");
    assertThat(facts.required("decidedBy").asString()).isEqualTo("maria");
    assertThat(Instant.parse(facts.required("since").asString()))
        .isBefore(Instant.parse(facts.required("expiresAt").asString()));
    assertThat(facts.required("lateSeconds").asDouble()).isBetween(7200.0, 7300.0);
  }

  @Test
  void saysThatNobodyDecidedAndThatItIsNotLate() {
    UUID id = approvals.notDue(1).get(0);
    update(id, "status = 'rejected'");

    assertThat(refusal(id, "status = 'approved'").getDetail())
        .contains("\"decidedBy\":null,\"since\":null,", "\"lateSeconds\":null}");
  }

  @ParameterizedTest
  @CsvSource({
    "pending, approved",
    "pending, rejected",
    "pending, cancelled",
    "pending, executed",
    "approved, executed",
    "approved, cancelled",
  })
  void permitsWhatAnApplicationDecides(String from, String to) {
    UUID id = approvals.notDue(1).get(0);
    update(id, "status = '%s'".formatted(from));

    update(id, "status = '%s'".formatted(to));

    assertThat(approvals.status(id)).isEqualTo(to);
  }

  /** The guard looks at the row as it will be, whatever triggers of your own make of it. */
  @Test
  void refusesWhatAnotherTriggerMakesOfADecision() {
    UUID id = approvals.notDue(1).get(0);
    update(id, "status = 'approved'");
    database.execute(
        """
        CREATE FUNCTION reopen() RETURNS trigger LANGUAGE plpgsql AS
          $$ BEGIN NEW.status := 'pending'; RETURN NEW; END $$;
        CREATE TRIGGER zz_reopen BEFORE UPDATE ON ai_approvals
          FOR EACH ROW EXECUTE FUNCTION reopen()
        """);
    try {
      ServerErrorMessage refusal = refusal(id, "decided_by = 'somebody'");

      assertThat(refusal.getConstraint()).isEqualTo("ai_approvals_final");
      assertThat(approvals.status(id)).isEqualTo("approved");
    } finally {
      database.execute("DROP TRIGGER zz_reopen ON ai_approvals; DROP FUNCTION reopen()");
    }
  }

  /** NULL follows no decision: from there an approval could be pending once more. */
  @ParameterizedTest
  @CsvSource({"approved", "rejected", "expired", "executed", "cancelled"})
  void refusesToForgetADecision(String decision) {
    database.execute("ALTER TABLE ai_approvals ALTER status DROP NOT NULL");
    UUID id = approvals.due();
    update(id, "status = '%s'".formatted(decision));

    ServerErrorMessage refusal = refusal(id, "status = NULL");

    assertThat(refusal.getConstraint()).isEqualTo("ai_approvals_final");
    assertThat(refusal.getMessage()).contains("is %s: it cannot become".formatted(decision));
    assertThat(approvals.status(id)).isEqualTo(decision);
  }

  /** It is no decision, so what has no status yet may get any but one. */
  @Test
  void permitsWhatHasNoStatusToBecomePendingButNotExpired() {
    database.execute("ALTER TABLE ai_approvals ALTER status DROP NOT NULL");
    UUID id = approvals.due();
    update(id, "status = NULL");

    assertThat(refusal(id, "status = 'expired'").getConstraint()).isEqualTo("ai_approvals_final");
    update(id, "status = 'pending'");

    assertThat(approvals.status(id)).isEqualTo("pending");
  }

  /** Of a status that nobody told us of, nothing else is known. */
  @Test
  void refusesToExpireWhatIsNotPendingWhateverItIsCalled() {
    database.execute("ALTER TABLE ai_approvals DROP CONSTRAINT IF EXISTS ai_approvals_status");
    UUID id = approvals.due();
    update(id, "status = 'escalated'");

    assertThat(refusal(id, "status = 'expired'").getConstraint()).isEqualTo("ai_approvals_final");
    update(id, "status = 'pending'");

    assertThat(approvals.status(id)).isEqualTo("pending");
  }

  @Test
  void permitsToExpireWhatIsDue() {
    UUID id = approvals.due();

    update(id, "status = 'expired'");

    assertThat(approvals.status(id)).isEqualTo("expired");
  }

  @ParameterizedTest
  @CsvSource({"pending", "approved", "rejected", "expired", "executed", "cancelled"})
  void permitsAnyChangeThatLeavesTheStatusAlone(String status) {
    UUID id = approvals.due();
    update(id, "status = '%s'".formatted(status));

    update(id, "action = 'rollback', expires_at = now() + interval '1 hour'");
    update(id, "status = status, version = version + 1");

    assertThat(approvals.status(id)).isEqualTo(status);
  }

  @Test
  void refusesToExpireBeforeTheDeadline() {
    UUID id = approvals.notDue(1).get(0);

    assertRefusedAsNotDue(id, "status = 'expired'");
  }

  @Test
  void refusesToExpireWhatSomebodyHasExtended() {
    UUID id = approvals.due();
    update(id, "expires_at = now() + interval '1 hour'");

    assertRefusedAsNotDue(id, "status = 'expired'");
  }

  @Test
  void refusesToMoveTheDeadlineAndExpireInOneStatement() {
    UUID notDue = approvals.notDue(1).get(0);
    UUID due = approvals.due();

    assertRefusedAsNotDue(notDue, "status = 'expired', expires_at = now() - interval '1 hour'");
    assertRefusedAsNotDue(due, "status = 'expired', expires_at = now() + interval '1 hour'");
  }

  @Test
  void refusesToExpireWhatHasNoDeadline() {
    database.execute("ALTER TABLE ai_approvals ALTER expires_at DROP NOT NULL");
    UUID id = approvals.due();
    update(id, "expires_at = NULL");

    ServerErrorMessage refusal = assertRefusedAsNotDue(id, "status = 'expired'");

    assertThat(refusal.getMessage()).endsWith("it cannot expire before its expires_at is set");
  }

  private ServerErrorMessage assertRefusedAsNotDue(UUID id, String change) {
    ServerErrorMessage refusal = refusal(id, change);
    assertThat(refusal.getConstraint()).isEqualTo("ai_approvals_not_due");
    assertThat(refusal.getMessage())
        .startsWith("approval %s is not due: it cannot expire before ".formatted(id));
    assertThat(refusal.getHint()).contains("expires_at < now()");
    assertThat(approvals.status(id)).isEqualTo("pending");
    return refusal;
  }

  /** What the database says when it refuses a change, as it must. */
  private static ServerErrorMessage refusal(UUID id, String change) {
    DataIntegrityViolationException refused =
        catchThrowableOfType(DataIntegrityViolationException.class, () -> update(id, change));
    assertThat(refused).as("set " + change).hasCauseInstanceOf(PSQLException.class);
    PSQLException cause = (PSQLException) Objects.requireNonNull(refused.getCause());
    assertThat(cause.getSQLState()).isEqualTo("23514");
    ServerErrorMessage message = Objects.requireNonNull(cause.getServerErrorMessage());
    assertThat(message.getTable()).isEqualTo("ai_approvals");
    assertThat(message.getColumn()).isEqualTo("status");
    return message;
  }

  private static void update(UUID id, String change) {
    int updated =
        database
            .jdbc()
            .sql("UPDATE ai_approvals SET " + change + " WHERE id = :id")
            .param("id", id)
            .update();
    assertThat(updated).isEqualTo(1);
  }
}
