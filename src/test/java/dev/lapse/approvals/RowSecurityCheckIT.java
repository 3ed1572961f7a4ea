package dev.lapse.approvals;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lapse.problem.Problem;
import dev.lapse.problem.UnusableException;
import dev.lapse.support.Roles;
import dev.lapse.support.TestDatabase;
import java.sql.Connection;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;

/** Row-level security either shows the service every approval, or the service says so at once. */
class RowSecurityCheckIT {

  private static final ApprovalsSettings SETTINGS = ApprovalsSettings.STANDARD;

  private final TestDatabase database = TestDatabase.migrated();
  private final ApprovalsCheck check = new ApprovalsCheck(database.serviceJdbc(), SETTINGS);

  @BeforeEach
  void secure() {
    database.execute("ALTER TABLE ai_approvals ENABLE ROW LEVEL SECURITY");
  }

  @AfterEach
  void close() {
    database.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "SELECT 'no policy'",
        "CREATE POLICY empty ON ai_approvals",
        "CREATE POLICY tenant ON ai_approvals USING (action = current_setting('my.tenant', true))",
        "CREATE POLICY looking ON ai_approvals FOR SELECT USING (true)",
        "CREATE POLICY changing ON ai_approvals FOR UPDATE USING (true)",
        "CREATE POLICY others ON ai_approvals TO lapse_application USING (true)",
        "CREATE POLICY unending ON ai_approvals USING (true) WITH CHECK (status <> 'expired')",
      })
  void refusesWhatMayHideAnApprovalAndMendsIt(String policy) {
    database.execute(policy);

    assertThat(check.problems())
        .containsExactly(
            new Problem(
                "No policy of \"ai_approvals\" allows the role lapse_service to SELECT and"
                    + " UPDATE all rows.",
                "Rows hidden by row-level security would never expire, without any warning.",
                """
                CREATE POLICY "lapse_service" ON "ai_approvals" TO "lapse_service" USING (true);
                -- or, for every table: ALTER ROLE "lapse_service" BYPASSRLS;"""));
    check.problems().forEach(problem -> database.execute(problem.action()));
    assertThat(check.problems()).isEmpty();
    assertThat(expire()).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "CREATE POLICY everybody ON ai_approvals USING (true)",
        "CREATE POLICY expiring ON ai_approvals TO lapse_service USING (true) WITH CHECK (true)",
        """
        CREATE POLICY looking ON ai_approvals FOR SELECT USING (true);
        CREATE POLICY changing ON ai_approvals FOR UPDATE TO lapse_service USING (true);
        CREATE POLICY tenant ON ai_approvals USING (action = 'mine')""",
        """
        CREATE POLICY everybody ON ai_approvals USING (true);
        CREATE POLICY inserting ON ai_approvals AS RESTRICTIVE FOR INSERT WITH CHECK (false);
        CREATE POLICY others ON ai_approvals AS RESTRICTIVE TO lapse_application USING (false)""",
        "ALTER TABLE ai_approvals DISABLE ROW LEVEL SECURITY",
      })
  void takesWhatHidesNone(String policies) {
    database.execute(policies);

    assertThat(check.problems()).isEmpty();
    assertThat(expire()).isEqualTo(1);
  }

  @Test
  void namesTheRestrictivePoliciesThatNoOtherOutweighs() {
    database.execute(
        """
        CREATE POLICY everybody ON ai_approvals USING (true);
        CREATE POLICY tenant ON ai_approvals AS RESTRICTIVE USING (action = 'mine')
        """);

    assertThat(check.problems())
        .extracting(Problem::what)
        .containsExactly(
            "Restrictive policies of \"ai_approvals\", \"tenant\", limit what the role lapse_service"
                + " may SELECT and UPDATE.");
    try {
      check.problems().forEach(problem -> database.execute(problem.action()));
      assertThat(check.problems()).isEmpty();
      assertThat(expire()).isEqualTo(1);
    } finally {
      database.execute("ALTER ROLE lapse_service NOBYPASSRLS");
    }
  }

  @Test
  void asksOfWhoOnlyLooksToSeeAll() throws Exception {
    try (Connection session = database.connectAs(Roles.READER)) {
      ApprovalsCheck reader =
          new ApprovalsCheck(
              JdbcClient.create(new SingleConnectionDataSource(session, true)), SETTINGS);

      List<Problem> problems = lookingProblems(reader);

      assertThat(problems)
          .extracting(Problem::action)
          .singleElement()
          .asString()
          .startsWith(
              "CREATE POLICY \"lapse_reader\" ON \"ai_approvals\" FOR SELECT TO \"lapse_reader\"");
      problems.forEach(problem -> database.execute(problem.action()));
      assertThat(lookingProblems(reader)).isEmpty();
    }
  }

  /** A table that holds back its owner, too, and rows that are nobody's but their tenant's. */
  @Test
  void letsAnOwnerMigrateWhoSeesNoRow() throws Exception {
    database.execute("ALTER TABLE ai_approvals FORCE ROW LEVEL SECURITY");
    try (Connection session = database.connectAs(Roles.OWNER)) {
      ApprovalsCheck owner =
          new ApprovalsCheck(
              JdbcClient.create(new SingleConnectionDataSource(session, true)), SETTINGS);

      assertThat(owner.tableToMigrate()).isNotNull();
    }
  }

  private static List<Problem> lookingProblems(ApprovalsCheck check) {
    try {
      check.table(false);
      return List.of();
    } catch (UnusableException e) {
      return e.problems();
    }
  }

  /** As the service does. */
  private int expire() {
    database.execute(
        "INSERT INTO ai_approvals (requested_by, action, expires_at) VALUES ('a', 'b', now())");
    return database
        .serviceJdbc()
        .sql(
            """
            WITH due AS MATERIALIZED (
              SELECT id FROM ai_approvals WHERE status = 'pending' FOR NO KEY UPDATE)
            UPDATE ai_approvals SET status = 'expired' WHERE id IN (SELECT id FROM due)
            """)
        .update();
  }
}
