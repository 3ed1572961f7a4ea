package dev.lapse.expiration;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lapse.approvals.ApprovalsCheck;
import dev.lapse.approvals.ApprovalsSettings;
import dev.lapse.approvals.ApprovalsTable;
import dev.lapse.approvals.OptInFixture;
import dev.lapse.audit.AuditsForTests;
import dev.lapse.decision.OptIns;
import dev.lapse.support.Servers;
import dev.lapse.support.TestDatabase;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;

/**
 * On a table of any kind, an approval that a late decision expires ends exactly as one that a sweep
 * expires: the row, and the record byte for byte, but for times and ids. And {@code
 * decide_approval} decides what is in time.
 */
class LateDecisionIT {

  private final TestDatabase database = TestDatabase.empty(Servers.postgres());

  @AfterEach
  void close() {
    database.close();
  }

  /**
   * @param columns of the table, with one called note and an id that defaults to something
   * @param past a deadline that has passed; {@code ahead}, one that has not
   * @param approved what a decision is
   */
  private record Kind(
      String name,
      String columns,
      String past,
      String ahead,
      String approved,
      Map<String, String> settings) {

    @Override
    public String toString() {
      return name;
    }

    String column(String column) {
      return settings.getOrDefault("columns." + column, column.replace('-', '_'));
    }

    String pending() {
      return settings.getOrDefault("statuses.pending", "pending").replaceFirst(",.*", "");
    }
  }

  static Stream<Kind> kinds() {
    return Stream.of(
        new Kind(
            "uuid, attributes of all sorts, columns to set",
            """
            id uuid PRIMARY KEY DEFAULT gen_random_uuid(), status text, version int DEFAULT 4,
            expires_at timestamptz, executed_at timestamptz, decided_by text, decided_at timestamptz,
            note text, updated_at timestamp(0), odd float DEFAULT 0.1, took interval DEFAULT '90 min',
            bytes bytea DEFAULT 'a', at timestamptz DEFAULT '2026-11-25', period tstzrange
              DEFAULT '[2026-11-25,2026-12-01)'
            """,
            "'2026-01-01'",
            "now() + interval '1 hour'",
            "approved",
            Map.of(
                "attributes", "odd,took,bytes,at,period,note",
                "zone", "Asia/Kolkata",
                "set.updated_at", "now()",
                "set.note", "note || ' lapsed'")),
        new Kind(
            "bigint, enum, several pending, a local time, without a version",
            """
            "approvalId" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "State" state,
            due timestamp, done timestamp(3), "by" bigint, note text
            """,
            "'2026-01-01'",
            "now() AT TIME ZONE 'Europe/Berlin' + interval '1 hour'",
            "approved",
            Map.of(
                "columns.id", "approvalId",
                "columns.status", "State",
                "columns.expires-at", "due",
                "columns.executed-at", "done",
                "columns.version", "",
                "columns.decided-by", "by",
                "statuses.pending", "escalated,pending",
                "zone", "Europe/Berlin")),
        new Kind(
            "text, varchar, milliseconds, a condition",
            """
            id text PRIMARY KEY DEFAULT gen_random_uuid(), status varchar(20), version bigint,
            deadline bigint, executed_at bigint, decided_by varchar(40), decided_at bigint, note text,
            deleted_at timestamptz
            """,
            "1700000000000",
            "extract(epoch FROM now() + interval '1 hour') * 1000",
            "granted",
            Map.of(
                "columns.expires-at", "deadline",
                "expires-at-unit", "milliseconds",
                "condition", "deleted_at IS NULL",
                "statuses.approved", "granted",
                "statuses.rejected", "denied")),
        new Kind(
            "char, codes, a day",
            """
            id char(12) PRIMARY KEY DEFAULT substr(md5(random()::text), 1, 8), status smallint,
            version smallint DEFAULT 1, expires_at date, note text
            """,
            "'2026-01-01'",
            "now() + interval '3 days'",
            "1",
            Map.of(
                "columns.executed-at", "",
                "statuses.pending", "0",
                "statuses.expired", "3",
                "statuses.approved", "1",
                "statuses.rejected", "2",
                "statuses.ended", "4",
                "zone", "America/New_York")),
        new Kind(
            "hostile names and values",
            """
            "$lapse$" text PRIMARY KEY DEFAULT gen_random_uuid(), "it's ""${id}"" %s" text,
            "outcome" text, expires_at timestamptz, since text, late text, note text,
            "lapse' \\\\" text DEFAULT 'x'
            """,
            "'2026-01-01'",
            "now() + interval '1 hour'",
            "$$ ok %",
            Map.of(
                "columns.id", "$lapse$",
                "columns.status", "it's \"${id}\" %s",
                "columns.version", "",
                "columns.executed-at", "",
                "attributes", "lapse' \\\\,outcome",
                "statuses.pending", "'${id}' $lapse_$",
                "statuses.expired", "it's \\ over",
                "statuses.approved", "$$ ok %",
                "statuses.rejected", "$body$")));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("kinds")
  void endsAsASweepWouldHaveEndedIt(Kind kind) throws SQLException {
    ApprovalsTable table = adopt(kind);
    String swept = insert(kind, kind.past());
    assertThat(Sweeps.of(database.jdbc(), table, 10).run().expired()).isEqualTo(1);
    String late = insert(kind, kind.past());
    String inTime = insert(kind, kind.ahead());

    try (Connection session = // none of the pool, which would keep what it is set to
        DriverManager.getConnection(
            database.url(), Servers.postgres().user(), Servers.postgres().password())) {
      leadAstray(session);
      assertThat(decide(session, late, kind)).isEqualTo("lapsed");
      assertThat(decide(session, late, kind)).isEqualTo("lapsed");
      assertThat(decide(session, inTime, kind)).isEqualTo("decided");
      assertThat(decide(session, inTime, kind)).isEqualTo("already");
    }

    assertThat(row(kind, late)).isEqualTo(row(kind, swept));
    List<String> records = records(late);
    assertThat(records).hasSize(2).isEqualTo(records(swept));
    assertThat(records(inTime)).hasSize(2);
    assertThat(records(inTime).get(1)).contains("ApprovalDecided");
    assertThat(status(kind, inTime)).isEqualTo(kind.approved());
    assertThat(database.count("SELECT count(*) FROM late_decision")).isEqualTo(3);
    assertThat(AuditsForTests.broken(database, table)).isEmpty();
  }

  /** All that changes what a value reads as, and what a name means. */
  private static void leadAstray(Connection session) throws SQLException {
    try (Statement statement = session.createStatement()) {
      statement.execute(
          """
          CREATE TEMPORARY TABLE outbox (id int); CREATE TEMPORARY TABLE pause (id int);
          SET TimeZone = 'Asia/Kathmandu'; SET DateStyle = 'ISO, DMY'; SET IntervalStyle = 'iso_8601';
          SET bytea_output = 'escape'; SET extra_float_digits = -10;
          SET standard_conforming_strings = off; SET search_path = pg_temp, pg_catalog
          """);
    }
  }

  private static String decide(Connection session, String id, Kind kind) {
    return JdbcClient.create(new SingleConnectionDataSource(session, true))
        .sql("SELECT outcome FROM public.decide_approval(:id, :status, '4711')")
        .param("id", id)
        .param("status", kind.approved())
        .query(String.class)
        .single();
  }

  private String insert(Kind kind, String deadline) {
    return database
        .jdbc()
        .sql(
            "INSERT INTO ai_approvals (%s, %s, note) VALUES (:status::text::%s, %s, 'a') RETURNING (%s)::text"
                .formatted(
                    quoted(kind.column("status")),
                    quoted(kind.column("expires-at")),
                    database
                        .jdbc()
                        .sql(
                            "SELECT format_type(atttypid, NULL) FROM pg_attribute"
                                + " WHERE attrelid = 'ai_approvals'::regclass AND attname = :name")
                        .param("name", kind.column("status"))
                        .query(String.class)
                        .single(),
                    deadline,
                    quoted(kind.column("id"))))
        .param("status", kind.pending())
        .query(String.class)
        .single();
  }

  /** Without the times and the id, of which it says only whether they are there. */
  private String row(Kind kind, String id) {
    return database
        .jdbc()
        .sql(
            """
            SELECT jsonb_object_agg(key, CASE WHEN key IN (:times) AND value <> 'null' THEN '"set"'
                                              WHEN key = :idColumn THEN '"id"' ELSE value END)::text
            FROM ai_approvals approval, jsonb_each(to_jsonb(approval))
            WHERE approval.%s::text = :id
            """
                .formatted(quoted(kind.column("id"))))
        .param("times", List.of("executed_at", "done", "updated_at"))
        .param("idColumn", kind.column("id"))
        .param("id", id)
        .query(String.class)
        .single();
  }

  private String status(Kind kind, String id) {
    return database
        .jdbc()
        .sql(
            "SELECT %s::text FROM ai_approvals WHERE %s::text = :id"
                .formatted(quoted(kind.column("status")), quoted(kind.column("id"))))
        .param("id", id)
        .query(String.class)
        .single();
  }

  private List<String> records(String id) {
    return database
        .jdbc()
        .sql(
            "SELECT concat_ws(' ', type, topic, headers, payload::text) FROM outbox"
                + " WHERE key = :id ORDER BY id")
        .param("id", id)
        .query(String.class)
        .list()
        .stream()
        .map(record -> record.replace('"' + id + '"', "ID").replaceAll("edAt\":\"[^\"]*\"", "AT"))
        .toList();
  }

  private static String quoted(String name) {
    return '"' + name.replace("\"", "\"\"") + '"';
  }

  private ApprovalsTable adopt(Kind kind) throws SQLException {
    database.execute(
        "CREATE TYPE state AS ENUM ('pending', 'escalated', 'approved', 'rejected', 'expired')");
    database.execute("CREATE TABLE ai_approvals (%s)".formatted(kind.columns()));
    Map<String, String> settings = new HashMap<>(kind.settings());
    ApprovalsSettings bound = OptInFixture.settings(settings);
    ApprovalsCheck check = new ApprovalsCheck(database.jdbc(), bound);
    database.migrate(check.tableToMigrate());
    try (Connection owner = database.connect()) {
      OptInFixture.apply(owner, settings, OptIns.all());
    }
    assertThat(check.guardProblems()).isEmpty();
    return check.table(true);
  }
}
