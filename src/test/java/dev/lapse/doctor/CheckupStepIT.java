package dev.lapse.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.lapse.approvals.ApprovalsSettingsFixture;
import dev.lapse.expiration.Trials;
import dev.lapse.platform.DatabaseProbe;
import dev.lapse.schema.OwnSchema;
import dev.lapse.support.Approvals;
import dev.lapse.support.Outbox;
import dev.lapse.support.Roles;
import dev.lapse.support.TestDatabase;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.LoggerFactory;

/**
 * What the start has checked, the running service goes on checking: it says once what fails, and
 * what to do, and is well again by itself once that is done.
 */
class CheckupStepIT {

  private final TestDatabase database = TestDatabase.migrated();
  private final CheckupStep step =
      new CheckupStep(
          new Checkup(
              new DatabaseDoctor(
                  database.serviceJdbc(),
                  new DatabaseProbe(database.service(), "\"ai_approvals\""),
                  8),
              ApprovalsSettingsFixture.standardCheck(database.serviceJdbc()),
              new OwnSchema(database.serviceJdbc()),
              () -> Trials.of(database.service())),
          Duration.ofMinutes(5));
  private final ListAppender<ILoggingEvent> logged = new ListAppender<>();
  private final Logger logger = (Logger) LoggerFactory.getLogger(CheckupStep.class);

  @BeforeEach
  void listen() {
    new Approvals(database).notDue(1);
    logged.start();
    logger.addAppender(logged);
  }

  @AfterEach
  void close() {
    logger.detachAppender(logged);
    database.close();
  }

  @Test
  void saysOnceThatAllHolds() {
    step.runOnce();
    step.runOnce();

    assertThat(step.failing()).isEmpty();
    assertThat(messages(Level.INFO)).hasSize(1);
    assertThat(messages(Level.INFO).get(0))
        .contains("All checks of the database hold", "would expire");
  }

  /** What a migration tool, an administrator or a cut-over does while the service runs. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          DROP INDEX ai_approvals_due                              | approvals-table
          DROP TRIGGER ai_approvals_final ON ai_approvals          | guard
          DROP TRIGGER ai_approvals_not_due ON ai_approvals        | guard
          ALTER TABLE ai_approvals DISABLE TRIGGER ALL             | guard
          ALTER SEQUENCE outbox_id_seq RESTART                     | sequence
          ALTER SEQUENCE outbox_id_seq CACHE 20                    | sequence
          """)
  void saysOnceWhatFailsAndIsWellOnceItsActionIsDone(String change, String check) {
    new Outbox(database).append(3, "key");
    step.runOnce();
    logged.list.clear();

    database.execute(change);
    step.runOnce();
    step.runOnce();

    assertThat(step.failing()).extracting(Diagnosis::name).contains(check);
    assertThat(messages(Level.WARN)).isNotEmpty().doesNotHaveDuplicates();
    assertThat(messages(Level.WARN)).allSatisfy(line -> assertThat(line).contains("action=\""));

    for (Diagnosis failing : step.failing()) {
      for (String statement : String.valueOf(failing.action()).split(";\\R", -1)) {
        database.execute(statement);
      }
    }
    step.runOnce();
    assertThat(step.failing()).isEmpty();
    assertThat(messages(Level.INFO)).anyMatch(line -> line.contains("All checks"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          REVOKE UPDATE (status), UPDATE ON ai_approvals FROM %s    | approvals-table
          REVOKE INSERT (payload), INSERT ON outbox FROM %s         | privileges
          REVOKE SELECT ON outbox_identity FROM %s                  | privileges
          """)
  void seesAPrivilegeThatIsRevoked(String change, String check) {
    step.runOnce();

    database.execute(change.formatted(Roles.SERVICE));
    step.runOnce();

    assertThat(step.failing()).extracting(Diagnosis::name).contains(check);
    database.applyRoles();
    step.runOnce();
    assertThat(step.failing()).isEmpty();
  }

  @Test
  void seesAConstraintThatWouldRefuseTheNextApproval() {
    step.runOnce();

    database.execute(
        "ALTER TABLE ai_approvals ADD CONSTRAINT never CHECK (status <> 'expired') NOT VALID");
    step.runOnce();

    assertThat(step.failing())
        .extracting(Diagnosis::name)
        .containsAnyOf("trial", "approvals-table");
    assertThat(messages(Level.WARN)).anyMatch(line -> line.contains("never"));
  }

  private List<String> messages(Level level) {
    return logged.list.stream()
        .filter(event -> event.getLevel() == level)
        .map(ILoggingEvent::getFormattedMessage)
        .toList();
  }
}
