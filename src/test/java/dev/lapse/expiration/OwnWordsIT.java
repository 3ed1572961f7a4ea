package dev.lapse.expiration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lapse.approvals.ApprovalsCheck;
import dev.lapse.approvals.ApprovalsSettings;
import dev.lapse.approvals.ApprovalsTable;
import dev.lapse.approvals.SessionSettings;
import dev.lapse.audit.AuditsForTests;
import dev.lapse.problem.Problem;
import dev.lapse.support.Servers;
import dev.lapse.support.TestDatabase;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

/**
 * What an application says of its table in its own words: statuses, a condition, columns to set.
 */
class OwnWordsIT {

  private static final String PLAIN =
      "CREATE TABLE ai_approvals (id int PRIMARY KEY, status %s, version int DEFAULT 1,"
          + " expires_at timestamptz, executed_at timestamptz, deleted_at timestamptz,"
          + " updated_at %s, decided_by text)";

  private final TestDatabase database = TestDatabase.empty(Servers.postgres());

  @AfterEach
  void close() {
    database.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"text", "varchar(20)", "char(12)", "state", "words"})
  void expiresFromEachOfSeveralPendingStatuses(String type) {
    database.execute(
        """
        CREATE TYPE state AS ENUM ('pending', 'escalated', 'approved', 'rejected', 'expired');
        CREATE DOMAIN words AS varchar(30);
        """
            + PLAIN.formatted(type, "timestamptz"));
    database.execute(
        """
        INSERT INTO ai_approvals (id, status, expires_at) VALUES
          (1, 'pending', now() - interval '2 h'), (2, 'escalated', now() - interval '1 h'),
          (3, 'escalated', now() + interval '1 h'), (4, 'approved', now() - interval '1 h')
        """);
    Map<String, String> settings = Map.of("statuses.pending", "pending,escalated");
    ApprovalsTable table = adopt(settings);

    assertThat(Sweeps.of(database.jdbc(), table, 10).run().expired()).isEqualTo(2);

    assertThat(strings("SELECT payload ->> 'previousStatus' FROM outbox ORDER BY id"))
        .containsExactly("pending", "escalated");
    assertThat(strings("SELECT trim(status::text) FROM ai_approvals ORDER BY id"))
        .containsExactly("expired", "expired", "escalated", "approved");
    assertThat(check(settings).problems()).isEmpty();
    assertThat(check(settings).guardProblems()).isEmpty();
    assertThatThrownBy(
            () -> database.execute("UPDATE ai_approvals SET status = 'expired' WHERE id = 3"))
        .hasMessageContaining("not due");
    assertThatThrownBy(
            () -> database.execute("UPDATE ai_approvals SET status = 'expired' WHERE id = 4"))
        .hasMessageContaining("cannot become expired")
        .hasMessageContaining("IN ('pending', 'escalated')");
    database.execute("UPDATE ai_approvals SET status = 'pending' WHERE id = 3");
    assertThat(AuditsForTests.broken(database, table)).isEmpty();
  }

  /** Written by hand, or by an ORM, in whatever order. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "status IN ('pending', 'escalated') AND deleted_at IS NULL",
        "deleted_at IS NULL AND status = ANY (ARRAY['escalated', 'pending']::text[])",
      })
  void takesAnIndexThatServesAlready(String predicate) {
    database.execute(PLAIN.formatted("text", "timestamptz"));
    database.execute("CREATE INDEX theirs ON ai_approvals (expires_at, id) WHERE " + predicate);

    adopt(Map.of("statuses.pending", "pending,escalated", "condition", "deleted_at IS NULL"));

    assertThat(strings("SELECT relname FROM pg_class WHERE relname LIKE 'ai_approvals_due%'"))
        .isEmpty();
  }

  @Test
  void takesNoIndexThatIsOverOtherRows() {
    database.execute(PLAIN.formatted("text", "timestamptz"));
    database.execute(
        "CREATE INDEX theirs ON ai_approvals (expires_at, id) WHERE status = 'pending'");

    Map<String, String> settings = Map.of("condition", "deleted_at IS NULL");
    adopt(settings);

    assertThat(strings("SELECT relname FROM pg_class WHERE relname LIKE 'ai_approvals_due%'"))
        .containsExactly("ai_approvals_due");
    database.execute("DROP INDEX ai_approvals_due");
    List<Problem> problems = check(settings).problems();
    assertThat(problems).hasSize(1);
    database.execute(problems.get(0).action());
    assertThat(check(settings).problems()).isEmpty();
  }

  @Test
  void expiresOnlyWhatFulfilsTheCondition() {
    database.execute(PLAIN.formatted("text", "timestamptz"));
    database.execute(
        """
        INSERT INTO ai_approvals (id, status, expires_at, deleted_at) VALUES
          (1, 'pending', now() - interval '2 h', now()), (2, 'pending', now() - interval '2 h', NULL)
        """);
    ApprovalsTable table = adopt(Map.of("condition", "deleted_at IS NULL"));

    assertThat(new DueApprovals(database.jdbc(), table).count()).isEqualTo(1);
    assertThat(Sweeps.of(database.jdbc(), table, 10).run().expired()).isEqualTo(1);

    assertThat(strings("SELECT status FROM ai_approvals ORDER BY id"))
        .containsExactly("pending", "expired");
    assertThat(AuditsForTests.broken(database, table)).as("nothing is overdue").isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          text        | pending,escalated |
          text        | pending           | deleted_at IS NULL
          varchar(20) | pending,escalated | deleted_at IS NULL AND coalesce(decided_by, '') <> 'x'
          state       | pending,escalated | NOT (deleted_at IS NOT NULL)
          words       | pending           |
          """)
  void entersByThePartialIndex(String type, String pending, String condition) {
    database.execute(
        """
        CREATE TYPE state AS ENUM ('pending', 'escalated', 'approved', 'rejected', 'expired');
        CREATE DOMAIN words AS varchar(30);
        """
            + PLAIN.formatted(type, "timestamptz"));
    Map<String, String> settings =
        condition == null
            ? Map.of("statuses.pending", pending)
            : Map.of("statuses.pending", pending, "condition", condition);
    ApprovalsTable table = adopt(settings);
    database.execute(
        """
        INSERT INTO ai_approvals (id, status, expires_at)
        SELECT n, (ARRAY['approved', 'pending'])[1 + n / 30000]::%s, now() + interval '1 h'
        FROM generate_series(1, 33000) n
        """
            .formatted(type));
    database.execute("VACUUM ANALYZE ai_approvals");

    for (String statement : List.of(DueApprovals.EXPIRE, DueApprovals.UNTIL_NEXT, StormGuard.ASK)) {
      assertThat(plan(table.sql(statement), table))
          .contains("using ai_approvals_due on ai_approvals")
          .doesNotContain("Seq Scan on ai_approvals", "Sort Key: approval.expires_at");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          deleted_at            | argument of WHERE must be type boolean
          nothing IS NULL       | column "nothing" does not exist
          expires_at > now()    | must be marked IMMUTABLE
          id IN (SELECT 1)      | cannot use subquery in index predicate
          count(*) > 1          | aggregate functions are not allowed
          deleted_at IS         | syntax error
          """)
  void refusesAConditionThatCannotBeOne(String condition, String reason) {
    database.execute(PLAIN.formatted("text", "timestamptz"));

    assertThat(check(Map.of("condition", condition)).problems())
        .extracting(Problem::what)
        .anyMatch(what -> what.contains("lapse.approvals.condition") && what.contains(reason));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "true; DROP TABLE ai_approvals",
        "true -- x",
        "true /* x",
        "true) OR (true",
        "a = 'x",
        "id = :id",
        "a ? 'b'",
        "a = $$x$$",
      })
  void refusesAConditionThatIsNoExpression(String condition) {
    assertThatThrownBy(() -> settings(Map.of("condition", condition)))
        .rootCause()
        .hasMessageContaining("lapse.approvals.condition");
  }

  @Test
  void setsFurtherColumns() {
    database.execute(PLAIN.formatted("text", "timestamp"));
    database.execute(
        "INSERT INTO ai_approvals (id, status, expires_at, updated_at) VALUES"
            + " (1, 'pending', now(), '2000-01-01')");
    // As an environment variable has it, and letter by letter.
    ApprovalsTable table =
        adopt(
            Map.of(
                "zone",
                "Asia/Kathmandu",
                "set.updatedat",
                "now()",
                "set[decided_by]",
                "'lapse:' || status"));

    assertThat(Sweeps.of(database.jdbc(), table, 10).run().expired()).isEqualTo(1);

    assertThat(
            strings(
                """
                SELECT decided_by FROM ai_approvals
                WHERE abs(extract(epoch FROM updated_at - now() AT TIME ZONE 'Asia/Kathmandu')) < 600
                """))
        .containsExactly("lapse:pending");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          set.nothing     | now()  | has no column "nothing"
          set.status      | 'x'    | lapse.approvals.columns names, too
          set[updated_at] | lapse  | column "lapse" does not exist
          set[updated_at] | 5      | is of type timestamp with time zone but expression is of type integer
          """)
  void refusesToSetWhatCannotBeSet(String key, String value, String reason) {
    database.execute(PLAIN.formatted("text", "timestamptz"));

    assertThat(check(Map.of(key, value)).problems())
        .extracting(Problem::what)
        .anyMatch(what -> what.contains(reason));
  }

  @Test
  void givesTriggersTheSettingsThatTheyAskFor() {
    database.execute(PLAIN.formatted("text", "timestamptz"));
    database.execute(
        """
        CREATE TABLE changes (who text);
        CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          INSERT INTO changes VALUES (current_setting('app.current_user'));
          RETURN NULL;
        END $$;
        INSERT INTO ai_approvals (id, status, expires_at) VALUES (1, 'pending', now())
        """);
    SessionSettings session = new SessionSettings(Map.of("app.current_user", "o'lapse"));
    ApprovalsCheck check = new ApprovalsCheck(database.jdbc(), settings(Map.of()), session);
    database.migrate(check.tableToMigrate());
    database.execute(
        "CREATE CONSTRAINT TRIGGER noted AFTER UPDATE ON ai_approvals DEFERRABLE INITIALLY DEFERRED"
            + " FOR EACH ROW EXECUTE FUNCTION note()");

    assertThat(Sweeps.of(database.jdbc(), check.table(true), 10).run().expired()).isEqualTo(1);

    assertThat(strings("SELECT who FROM changes")).containsExactly("o'lapse");
    assertThat(strings("SELECT coalesce(current_setting('app.current_user', true), '')"))
        .containsExactly("");
  }

  @Test
  void refusesSettingsThatAreNotTheApplicationsOwn() {
    for (String name : List.of("role", "lock_timeout", "app.", "app.x y")) {
      assertThatThrownBy(() -> new SessionSettings(Map.of(name, "x")))
          .hasMessageContaining("app.current_user");
    }
  }

  /** Whatever the zone of the host that sweeps, and of the database. */
  @Test
  void writesTimesAmongTheAttributesInUtc() {
    database.execute(PLAIN.formatted("text", "timestamptz[]"));
    database.execute(
        """
        INSERT INTO ai_approvals (id, status, expires_at, deleted_at, updated_at) VALUES
          (1, 'pending', now(), '2026-11-25 12:00+00', ARRAY['2026-07-01 12:00+00'::timestamptz])
        """);
    database.execute("SET TIME ZONE 'Asia/Kathmandu'");
    ApprovalsTable table = adopt(Map.of("attributes", "deleted_at,updated_at"));

    database
        .jdbc()
        .sql("SELECT set_config('TimeZone', 'Asia/Kathmandu', false)")
        .query(String.class)
        .single();
    Sweeps.of(database.jdbc(), table, 10).run();

    assertThat(strings("SELECT payload ->> 'attributes' FROM outbox"))
        .containsExactly(
            "{\"deleted_at\":\"2026-11-25T12:00:00+00:00\","
                + "\"updated_at\":[\"2026-07-01T12:00:00+00:00\"]}");
  }

  /** None expires early, and what is due does, whatever the types. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          char(12)       | bigint         | SECONDS      | extract(epoch FROM %s)::bigint
          numeric(19)    | bigint         | MILLISECONDS | (extract(epoch FROM %s) * 1000)::bigint
          numeric        | integer        | SECONDS      | extract(epoch FROM %s)::integer
          citext         | timestamptz    |              | %s
          words          | moment         |              | %s
          numbers        | moment         |              | %s
          uuid_domain    | timestamptz(0) |              | %s
          bigint         | date           |              | (%s AT TIME ZONE 'Asia/Kathmandu')::date - 1
          varchar(40)    | timestamp      |              | %s AT TIME ZONE 'Asia/Kathmandu'
          """)
  void expiresOnTimeWhateverTheTypes(String id, String deadline, String unit, String value) {
    database.execute(
        """
        CREATE EXTENSION citext;
        CREATE DOMAIN words AS varchar(40);
        CREATE DOMAIN numbers AS bigint CHECK (VALUE > 0);
        CREATE DOMAIN uuid_domain AS uuid;
        CREATE DOMAIN moment AS timestamptz;
        CREATE TABLE ai_approvals (
          id %s PRIMARY KEY, status text, version numeric(9) DEFAULT 1, expires_at %s,
          executed_at timestamptz)
        """
            .formatted(id, deadline));
    boolean uuid = id.startsWith("uuid");
    for (int n : List.of(-3, -2, 2, 3)) {
      database.execute(
          "INSERT INTO ai_approvals (id, status, expires_at) VALUES ('%s', 'pending', %s)"
              .formatted(
                  uuid ? "00000000-0000-0000-0000-00000000000" + (n + 3) : "" + (n + 4),
                  value.formatted("(now() + interval '%d days')".formatted(n))));
    }
    Map<String, String> settings =
        unit == null
            ? Map.of("zone", "Asia/Kathmandu")
            : Map.of("expires-at-unit", unit.toLowerCase(java.util.Locale.ROOT));
    ApprovalsTable table = adopt(settings);

    assertThat(check(settings).guardProblems()).isEmpty();
    assertThat(Sweeps.of(database.jdbc(), table, 1).run().expired()).isEqualTo(2);

    assertThat(strings("SELECT status FROM ai_approvals ORDER BY expires_at"))
        .containsExactly("expired", "expired", "pending", "pending");
    assertThat(
            database.count(
                """
                SELECT count(*) FROM outbox
                WHERE (payload ->> 'expiresAt')::timestamptz
                      BETWEEN now() - interval '4 days' AND now() - interval '1 day'
                  AND (payload ->> 'version') = '2'
                """))
        .isEqualTo(2);
    assertThat(
            new DueApprovals(database.jdbc(), table)
                .untilNext(new DueApprovals.Key(table.firstDeadline(), table.firstId()))
                .orElseThrow()
                .toHours())
        .isBetween(23L, 24L);
    assertThat(AuditsForTests.broken(database, table)).isEmpty();
    assertThatThrownBy(() -> database.execute("UPDATE ai_approvals SET status = 'expired'"))
        .hasMessageContaining("not due");
  }

  /** A day passes at its end, in the zone of the settings. */
  @Test
  void neverExpiresADayBeforeItsEnd() {
    database.execute(
        """
        CREATE TABLE ai_approvals (id int PRIMARY KEY, status text, expires_at date);
        INSERT INTO ai_approvals
        SELECT n, 'pending', (now() AT TIME ZONE 'Asia/Kathmandu')::date + n FROM generate_series(-1, 1) n
        """);
    ApprovalsTable table =
        adopt(Map.of("zone", "Asia/Kathmandu", "columns.version", "", "columns.executed-at", ""));

    assertThat(Sweeps.of(database.jdbc(), table, 10).run().expired()).isEqualTo(1);
    assertThat(strings("SELECT id::text FROM ai_approvals WHERE status = 'expired'"))
        .containsExactly("-1");
  }

  /** What was dropped comes back, at whatever version, and the table that is visible is taken. */
  @Test
  void refusesWhatCannotServeWithARemedyThatRuns() {
    database.execute(
        """
        CREATE TYPE state AS ENUM ('pending', 'approved', 'rejected', 'expired');
        CREATE DOMAIN some_state AS state;
        CREATE TABLE ai_approvals (
          tenant int, id int, status some_state, version uuid, expires_at numeric,
          executed_at date, PRIMARY KEY (tenant, id))
        """);
    Map<String, String> settings = Map.of("expires-at-unit", "seconds");

    for (Problem problem : check(settings).problems()) {
      if (!problem.action().startsWith("--")) {
        for (String statement : problem.action().split(";\\R", -1)) {
          database.execute(statement);
        }
      }
    }

    Map<String, String> done =
        Map.of("expires-at-unit", "seconds", "columns.version", "", "columns.executed-at", "");
    database.execute(
        "INSERT INTO ai_approvals (tenant, id, status, expires_at) VALUES (1, 1, 'pending', 5)");
    assertThat(Sweeps.of(database.jdbc(), adopt(done), 10).run().expired()).isEqualTo(1);
  }

  @Test
  void saysWhichIdIsThereTwice() {
    database.execute(
        """
        CREATE TABLE ai_approvals (tenant int, id int, status text, version int,
          expires_at timestamptz, executed_at timestamptz, PRIMARY KEY (tenant, id));
        INSERT INTO ai_approvals (tenant, id) VALUES (1, 7), (2, 7)
        """);

    assertThat(check(Map.of()).problems())
        .anyMatch(
            problem -> problem.what().equals("Rows of \"ai_approvals\" share the \"id\" '7'."));
  }

  private List<String> strings(String sql) {
    return database.jdbc().sql(sql).query(String.class).list();
  }

  private String plan(String statement, ApprovalsTable table) {
    return String.join(
        "\n",
        database
            .jdbc()
            .sql("EXPLAIN " + statement)
            .param("afterExpiresAt", table.firstDeadline())
            .param("afterId", table.firstId())
            .param("limit", 1000)
            .param("headers", null)
            .param("refused", new String[0])
            .param("guarded", true)
            .param("maxDue", 10)
            .query(String.class)
            .list());
  }

  private ApprovalsTable adopt(Map<String, String> settings) {
    database.migrate(check(settings).tableToMigrate());
    return check(settings).table(true);
  }

  private ApprovalsCheck check(Map<String, String> settings) {
    return new ApprovalsCheck(database.jdbc(), settings(settings));
  }

  private static ApprovalsSettings settings(Map<String, String> settings) {
    MapConfigurationPropertySource properties = new MapConfigurationPropertySource();
    settings.forEach(
        (name, value) ->
            properties.put(
                Stream.of("lapse.approvals", name)
                    .reduce((a, b) -> b.startsWith("[") ? a + b : a + "." + b)
                    .orElseThrow(),
                value));
    return new Binder(properties).bindOrCreate("lapse.approvals", ApprovalsSettings.class);
  }
}
