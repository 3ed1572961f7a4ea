package dev.lapse.example;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lapse.support.Approvals;
import dev.lapse.support.Roles;
import dev.lapse.support.TestDatabase;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.datasource.DriverManagerDataSource;

/** What docs/use/publish-events.md says, as the application's role. */
class WritersIT {

  /** The approval in the document's example. */
  private static final UUID DOCUMENTED = UUID.fromString("0d5e3c1a-9a41-4d0e-8f5b-2a6f1f1f7c11");

  private final TestDatabase database = TestDatabase.migrated();
  private final Approvals approvals = new Approvals(database);
  private String sql = "";

  @BeforeEach
  void readTheDocument() throws Exception {
    String document = Files.readString(Path.of("docs/use/publish-events.md"));
    sql = document.split("```sql", 2)[1].split("```", 2)[0];
  }

  @AfterEach
  void closeDatabase() {
    database.close();
  }

  @Test
  void sqlDecidesAndTells() throws Exception {
    database.execute(
        """
        INSERT INTO ai_approvals (id, requested_by, action, expires_at)
        VALUES ('%s', 'agent', 'deploy', now() + interval '1 hour')
        """
            .formatted(DOCUMENTED));

    run();

    assertThat(approvals.status(DOCUMENTED)).isEqualTo("approved");
    assertThat(events())
        .containsExactly(
            "ApprovalApproved approvals.approved "
                + DOCUMENTED
                + " {\"approvalId\" : \"%s\", \"version\" : 2, \"decidedBy\" : \"ada\"}"
                    .formatted(DOCUMENTED));
    run(); // too late
    assertThat(events()).hasSize(1);
  }

  @Test
  void jdbcDecidesAndTells() throws Exception {
    UUID inTime = approvals.notDue(1).get(0);
    UUID tooLate = approvals.due();
    Approver approver = approver("approvals.approved");

    assertThat(approver.approve(inTime, "ada")).isTrue();
    assertThat(approver.approve(tooLate, "ada")).isFalse();

    assertThat(events()).hasSize(1).first().asString().contains(inTime.toString(), "ada");
    assertThat(approvals.status(tooLate)).isEqualTo("pending");
  }

  @Test
  void anEventThatIsRefusedTakesItsDecisionAlong() {
    UUID approval = approvals.notDue(1).get(0);

    assertThatThrownBy(() -> approver("no topic name").approve(approval, "ada"))
        .isInstanceOf(SQLException.class)
        .hasMessageContaining("outbox_topic");

    assertThat(approvals.status(approval)).isEqualTo("pending");
    assertThat(events()).isEmpty();
  }

  private Approver approver(String topic) {
    return new Approver(
        new DriverManagerDataSource(database.url(), Roles.APPLICATION, Roles.PASSWORD), topic);
  }

  private void run() throws SQLException {
    try (Connection application = database.connectAs(Roles.APPLICATION);
        Statement statement = application.createStatement()) {
      statement.execute(sql);
    }
  }

  private List<String> events() {
    return database
        .jdbc()
        .sql("SELECT concat_ws(' ', type, topic, key, payload) FROM outbox ORDER BY id")
        .query(String.class)
        .list();
  }
}
