package dev.lapse.approvals;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lapse.problem.Problem;
import dev.lapse.support.TestDatabase;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

/** Triggers of the table's own that may keep it from expiring are named before they do. */
@ExtendWith(OutputCaptureExtension.class)
class TriggerCheckIT {

  private final TestDatabase database = TestDatabase.migrated();
  private final ApprovalsCheck check =
      new ApprovalsCheck(database.serviceJdbc(), ApprovalsSettings.STANDARD);

  @BeforeEach
  void createFunction() {
    database.execute(
        """
        CREATE TABLE changes (id uuid);
        CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          INSERT INTO changes SELECT id FROM ai_approvals WHERE status = 'expired';
          RETURN NEW;
        END $$;
        INSERT INTO ai_approvals (requested_by, action, expires_at) VALUES ('a', 'b', now())
        """);
  }

  @AfterEach
  void close() {
    database.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "CREATE TRIGGER noted BEFORE UPDATE ON ai_approvals FOR EACH ROW",
        "CREATE TRIGGER noted AFTER INSERT OR UPDATE OF decided_by, executed_at ON ai_approvals",
        "CREATE CONSTRAINT TRIGGER noted AFTER UPDATE ON ai_approvals DEFERRABLE INITIALLY DEFERRED"
            + " FOR EACH ROW",
      })
  void namesATriggerWhoseFunctionRunsAsTheService(String trigger) {
    database.execute(trigger + " EXECUTE FUNCTION note()");

    assertThat(check.problems()).isEmpty();
    assertThat(check.triggerProblems())
        .containsExactly(
            new Problem(
                "The trigger \"noted\" of \"ai_approvals\" runs note() as the role lapse_service when"
                    + " an approval expires.",
                "If it needs privileges that this role lacks, no approval can expire.",
                """
                ALTER FUNCTION note() SECURITY DEFINER SET search_path = "public", pg_temp;
                -- or GRANT the role these privileges; if it needs none, ignore this"""));
    assertThatThrownBy(this::expire)
        .rootCause()
        .hasMessageContaining("permission denied for table changes");
    check.triggerProblems().forEach(problem -> database.execute(problem.action()));
    assertThat(check.triggerProblems()).isEmpty();
    assertThat(expire()).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "CREATE TRIGGER noted AFTER INSERT OR DELETE ON ai_approvals EXECUTE FUNCTION note()",
        "CREATE TRIGGER noted AFTER UPDATE OF decided_by ON ai_approvals EXECUTE FUNCTION note()",
        """
        CREATE TRIGGER noted AFTER UPDATE ON ai_approvals EXECUTE FUNCTION note();
        ALTER TABLE ai_approvals DISABLE TRIGGER noted""",
        """
        CREATE TRIGGER noted AFTER UPDATE ON ai_approvals EXECUTE FUNCTION note();
        ALTER TABLE ai_approvals ENABLE REPLICA TRIGGER noted""",
        "CREATE TABLE comments (approval uuid REFERENCES ai_approvals)",
      })
  void saysNothingOfATriggerThatExpiringDoesNotFire(String trigger) {
    database.execute(trigger);

    assertThat(check.triggerProblems()).isEmpty();
    assertThat(expire()).isEqualTo(1);
  }

  @Test
  void namesItAtTheStartWithoutAlarmAndStarts(CapturedOutput output) {
    database.execute("CREATE TRIGGER noted AFTER UPDATE ON ai_approvals EXECUTE FUNCTION note()");

    assertThat(new ApprovalsConfiguration().approvalsTable(check, true, false)).isNotNull();

    assertThat(output.getOut())
        .containsOnlyOnce("The trigger \"noted\"")
        .containsPattern("INFO .*The trigger \"noted\"")
        .doesNotContain("WARN");
  }

  @Test
  void saysNothingToARoleThatMayDoWhatTheFunctionsOwnerMay() {
    database.execute("CREATE TRIGGER noted AFTER UPDATE ON ai_approvals EXECUTE FUNCTION note()");

    assertThat(new ApprovalsCheck(database.jdbc(), ApprovalsSettings.STANDARD).triggerProblems())
        .isEmpty();
  }

  private int expire() {
    return database
        .serviceJdbc()
        .sql(
            """
            UPDATE ai_approvals SET status = 'expired', version = version + 1, executed_at = now()
            """)
        .update();
  }
}
