package dev.lapse.approvals;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lapse.approvals.ApprovalsSettings.Columns;
import dev.lapse.approvals.ApprovalsSettings.Statuses;
import dev.lapse.problem.Problem;
import dev.lapse.support.Servers;
import dev.lapse.support.TestDatabase;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;

/**
 * What cannot serve is named before anything is changed, all of it at once, with the SQL that mends
 * it: each test runs what it was told to, and is then told of nothing more.
 */
class ApprovalsCheckIT {

  private final TestDatabase database = TestDatabase.empty(Servers.postgres());

  @AfterEach
  void close() {
    database.close();
  }

  @Test
  void findsNothingAgainstTheTableThatLapseCreates() {
    database.migrate();

    assertThat(check().problems()).isEmpty();
    assertThat(check().guardProblems()).isEmpty();
  }

  @Test
  void tellsEverythingAtOnceAndHowToMendIt() {
    database.execute(
        """
        CREATE TABLE ai_approvals (
          id numeric(9,2), status text CONSTRAINT known CHECK (status IN ('pending', 'approved')),
          expires_at timestamptz)
        """);

    assertThat(check().problems())
        .extracting(Problem::what)
        .containsExactly(
            "\"ai_approvals\".\"id\" is numeric, not a number without digits behind the point.",
            "\"ai_approvals\" has no column \"version\" (integer).",
            "\"ai_approvals\" has no column \"executed_at\" (timestamp with time zone).",
            "No unique index on \"ai_approvals\".\"id\".",
            "The constraint \"known\" of \"ai_approvals\" does not allow the status 'expired'.");
    mendAll(check());
    assertThat(check().problems()).hasSize(1); // only now the index can be thought of
    mendAll(check());
    assertThat(check().problems()).isEmpty();
  }

  @Test
  void saysWhereThereIsATableOfThatName() {
    database.execute("CREATE SCHEMA app; CREATE TABLE app.requests ()");

    assertThat(check(settings(null, "requests")).problems())
        .containsExactly(
            new Problem(
                "There is no table \"requests\" on the search path.",
                "A table of that name exists in: app.",
                "-- set lapse.approvals.schema=app"));
    assertThat(check(settings("app", "request")).problems())
        .singleElement()
        .satisfies(
            problem ->
                assertThat(problem.what())
                    .isEqualTo("There is no table \"app\".\"request\" in this database."));
  }

  @Test
  void refusesWhatIsNoTable() {
    database.migrate();
    database.execute("CREATE VIEW requests AS SELECT * FROM ai_approvals");

    assertThat(check(settings(null, "requests")).problems())
        .extracting(Problem::what)
        .contains("\"requests\" is a view.");
  }

  @Test
  void refusesATableThatOthersInheritFrom() {
    database.migrate();
    database.execute(
        """
        CREATE TABLE archive () INHERITS (ai_approvals);
        CREATE TABLE "Old" (note text) INHERITS (ai_approvals)
        """);

    assertThat(check().problems())
        .extracting(Problem::what)
        .containsExactlyInAnyOrder(
            "archive inherits from \"ai_approvals\".", "\"Old\" inherits from \"ai_approvals\".");
    mendAll(check());
    assertThat(check().problems()).isEmpty();
  }

  @Test
  void refusesColumnsThatCannotBeSet() {
    database.execute(
        """
        CREATE TABLE ai_approvals (
          id uuid PRIMARY KEY, state text, created_at timestamp,
          status text GENERATED ALWAYS AS (lower(state)) STORED,
          version int GENERATED ALWAYS AS (length(state)) STORED,
          executed_at timestamp GENERATED ALWAYS AS (created_at) STORED,
          expires_at timestamp GENERATED ALWAYS AS (created_at + interval '1 day') STORED)
        """);

    assertThat(check().problems())
        .extracting(Problem::what)
        .containsExactly(
            "\"ai_approvals\".\"status\" is a generated column.",
            "\"ai_approvals\".\"version\" is a generated column.",
            "\"ai_approvals\".\"executed_at\" is a generated column.",
            "\"ai_approvals\" has timestamps without a time zone.");
  }

  @Test
  void refusesADeadlineThatNoIndexCanBeOver() {
    assumeTrue(database.count("SELECT current_setting('server_version_num')::int") >= 180_000);
    database.execute(
        """
        CREATE TABLE ai_approvals (
          id uuid PRIMARY KEY, status text, version int, executed_at timestamptz,
          asked_at timestamptz, expires_at timestamptz GENERATED ALWAYS AS (asked_at) VIRTUAL)
        """);

    assertThat(check().problems())
        .extracting(Problem::what)
        .containsExactly("\"ai_approvals\".\"expires_at\" is a virtual generated column.");
  }

  @Test
  void asksForTheZoneOfTimesThatHaveNone() {
    database.migrate();
    database.execute("DROP TRIGGER ai_approvals_not_due ON ai_approvals");
    database.execute("ALTER TABLE ai_approvals ALTER executed_at TYPE timestamp");

    assertThat(check().problems())
        .extracting(Problem::action)
        .containsExactly("-- set lapse.approvals.zone=UTC");
  }

  @Test
  void knowsTheLabelsOfAnEnum() {
    database.execute(
        """
        CREATE TYPE state AS ENUM ('pending', 'approved', 'rejected');
        CREATE TABLE ai_approvals (
          id uuid PRIMARY KEY, status state, version int, expires_at timestamptz,
          executed_at timestamptz)
        """);

    assertThat(check().problems())
        .extracting(Problem::what)
        .containsExactly(
            "Enum state has no value 'expired' (it has: pending, approved, rejected).");
    mendAll(check());
    assertThat(check().problems())
        .extracting(Problem::what)
        .containsExactly("\"ai_approvals\" has no index on pending approvals ordered by deadline.");
    mendAll(check());
    assertThat(check().problems()).isEmpty();
  }

  @Test
  void wantsNumbersWhereTheStatusIsOne() {
    database.execute(
        """
        CREATE TABLE ai_approvals (
          id uuid PRIMARY KEY, status smallint, version int, expires_at timestamptz,
          executed_at timestamptz)
        """);

    assertThat(check().problems())
        .extracting(Problem::what)
        .containsExactly(
            "\"ai_approvals\".\"status\" is smallint, and 'pending' is not a value of it.",
            "\"ai_approvals\".\"status\" is smallint, and 'expired' is not a value of it.");
  }

  @Test
  void namesMissingPrivilegesAndGrantsThem() {
    database.migrate();
    database.execute("ALTER TABLE ai_approvals ENABLE ROW LEVEL SECURITY");
    database.execute("DROP ROLE IF EXISTS \"the service\"");
    database.execute("CREATE ROLE \"the service\"");
    database.execute("REVOKE USAGE ON SCHEMA public FROM PUBLIC");
    try {
      ApprovalsCheck check = checkAs("the service", settings("public", "ai_approvals"));

      assertThat(check.problems())
          .extracting(Problem::what)
          .containsExactly(
              "The role the service may not use the schema public.",
              "The role the service may not read \"id\", \"status\", \"version\", \"expires_at\","
                  + " \"executed_at\" of \"public\".\"ai_approvals\".",
              "The role the service may not update \"status\", \"version\", \"executed_at\" of"
                  + " \"public\".\"ai_approvals\".",
              "No policy of \"public\".\"ai_approvals\" allows the role the service to SELECT and"
                  + " UPDATE all rows.");
      mendAll(check);
      assertThat(check.problems()).isEmpty();
    } finally {
      database.execute("DROP OWNED BY \"the service\"");
      database.execute("DROP ROLE \"the service\"");
    }
  }

  @Test
  void missesTheIndexOverWhatIsPending() {
    database.migrate();
    database.execute("DROP INDEX ai_approvals_due");

    assertThat(check().problems())
        .extracting(Problem::action)
        .containsExactly(
            """
            CREATE INDEX CONCURRENTLY IF NOT EXISTS "ai_approvals_due"
                ON "ai_approvals" ("expires_at", "id") WHERE "status" = 'pending';""");
    mendAll(check());
    assertThat(check().problems()).isEmpty();
  }

  /** As a CREATE INDEX CONCURRENTLY leaves it that was cut off. */
  @Test
  void doesNotTakeAnInvalidIndexForOne() {
    database.migrate();
    database.execute(
        "UPDATE pg_index SET indisvalid = false"
            + " WHERE indexrelid = 'ai_approvals_due'::regclass");

    assertThat(check().problems())
        .extracting(Problem::what)
        .containsExactly("The index \"ai_approvals_due\" of \"ai_approvals\" is invalid.");
    mendAll(check());
    assertThat(check().problems()).isEmpty();
  }

  @Test
  void givesItsIndexANameThatIsFree() {
    database.migrate();
    database.execute("DROP INDEX ai_approvals_due");
    database.execute("CREATE INDEX ai_approvals_due ON ai_approvals (created_at)");

    mendAll(check());

    assertThat(check().problems()).isEmpty();
    assertThat(database.count("SELECT count(*) FROM pg_class WHERE relname = 'ai_approvals_due2'"))
        .isEqualTo(1);
  }

  @Test
  void noticesAGuardThatIsOffAndOneThatGoesByOtherSettings() {
    database.migrate();
    database.execute("ALTER TABLE ai_approvals DISABLE TRIGGER ai_approvals_final");
    database.execute("DROP TRIGGER ai_approvals_not_due ON ai_approvals");

    assertThat(check().guardProblems())
        .extracting(Problem::what)
        .containsExactlyInAnyOrder(
            "The trigger ai_approvals_final of \"ai_approvals\" is disabled.",
            "The trigger ai_approvals_not_due of \"ai_approvals\" is missing.");
    check().guardProblems().forEach(problem -> mend(problem.action()));
    assertThat(check().guardProblems()).isEmpty();

    ApprovalsCheck others =
        check(
            new ApprovalsSettings(
                null,
                "ai_approvals",
                ApprovalsSettings.STANDARD.columns(),
                new Statuses(List.of("pending"), "expired", List.of("granted"), null, null),
                List.of(),
                null,
                null,
                Map.of(),
                null));
    assertThat(others.problems()).isEmpty();
    assertThat(others.guardProblems())
        .hasSize(2)
        .allMatch(problem -> problem.what().contains("belongs to other settings"));
    others.guardProblems().forEach(problem -> mend(problem.action()));
    assertThat(others.guardProblems()).isEmpty();
  }

  /** As where the last migration was forgotten by whoever runs them with a tool of his own. */
  @Test
  void noticesAGuardThatLetsNullBy() {
    database.migrate();
    database.execute("DROP TRIGGER ai_approvals_final ON ai_approvals");
    database.execute(
        ApprovalsTable.standard()
            .sql(Migrations.trigger("ai_approvals_final"))
            .replace(
                "(NEW.\"status\" IN ('executed', 'cancelled')) IS NOT TRUE",
                "NEW.\"status\" NOT IN ('executed', 'cancelled')"));

    assertThat(check().guardProblems())
        .extracting(Problem::what)
        .containsExactly(
            "The trigger ai_approvals_final of \"ai_approvals\" allows a decision to become NULL"
                + " (until migration V13 has run).");
    check().guardProblems().forEach(problem -> mend(problem.action()));
    assertThat(check().guardProblems()).isEmpty();
  }

  private ApprovalsCheck check() {
    return check(ApprovalsSettings.STANDARD);
  }

  private ApprovalsCheck check(ApprovalsSettings settings) {
    return new ApprovalsCheck(database.jdbc(), settings);
  }

  /** In a session that becomes that role and stays it. */
  private ApprovalsCheck checkAs(String role, ApprovalsSettings settings) {
    JdbcClient jdbc = JdbcClient.create(new SingleConnectionDataSource(database.connect(), true));
    jdbc.sql("SET ROLE " + Sql.name(role)).update();
    return new ApprovalsCheck(jdbc, settings);
  }

  private static ApprovalsSettings settings(@Nullable String schema, String table) {
    return new ApprovalsSettings(
        schema,
        table,
        new Columns("id", "status", "version", "expires_at", "executed_at", "", null, null),
        ApprovalsSettings.STANDARD.statuses(),
        List.of(),
        null,
        null,
        Map.of(),
        null);
  }

  private void mendAll(ApprovalsCheck check) {
    check.problems().forEach(problem -> mend(problem.action()));
  }

  /** As psql does: one statement after the other, each by itself. */
  private void mend(String action) {
    for (String statement : action.split(";\\R", -1)) {
      database.execute(statement);
    }
  }
}
