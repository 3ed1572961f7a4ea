package dev.lapse.expiration;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lapse.approvals.ApprovalsCheck;
import dev.lapse.approvals.ApprovalsSettings;
import dev.lapse.approvals.ApprovalsTable;
import dev.lapse.support.Golden;
import dev.lapse.support.Servers;
import dev.lapse.support.TestDatabase;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

/** What the statement owes to types and columns that our own table does not have. */
class OwnTableIT {

  /** As much as the outbox takes of an event, its headers and three times its key. */
  private static final int MOST_BYTES = 63 * 1024;

  private final TestDatabase database = TestDatabase.empty(Servers.postgres());

  @AfterEach
  void close() {
    database.close();
  }

  /** The sizes lie close together where it is decided whether the attributes fit. */
  @ParameterizedTest
  @ValueSource(strings = {"x", "\u00e9", "\\", "\u0001"})
  void leavesOutAttributesThatWouldMakeTheEventTooLarge(String character) {
    ApprovalsTable table =
        adopt(
            "id text PRIMARY KEY, note text",
            Map.of("attributes", "note", "columns.version", "", "columns.executed-at", ""));
    database
        .jdbc()
        .sql(
            """
            INSERT INTO ai_approvals (id, status, expires_at, note)
            SELECT repeat(:character, 300 + n % 700) || n, 'pending', now() - interval '1 s',
                   repeat(:character, 5000 + n * 100)
            FROM generate_series(1, 650) n
            """)
        .param("character", character)
        .update();

    Swept swept = sweep(table).run();

    assertThat(swept.expired()).isEqualTo(650);
    assertThat(
            database.count(
                """
                SELECT max(octet_length(payload::text) + 3 * octet_length(key)) FROM outbox
                """))
        .isBetween(MOST_BYTES - 16_000L, (long) MOST_BYTES);
    assertThat(countPayloads("json_typeof(payload -> 'attributes') = 'null'")).isPositive();
    assertThat(countPayloads("payload -> 'attributes' ->> 'note' IS NOT NULL")).isPositive();
  }

  @Test
  void carriesAttributesAsTheJsonThatTheirTypesAre() {
    ApprovalsTable table =
        adopt(
            """
            id bigint PRIMARY KEY, version int, executed_at timestamptz, "tenantId" int DEFAULT 7,
            tags text[] DEFAULT '{a,b}', args jsonb DEFAULT '{"a": [1]}', urgent boolean,
            cost numeric DEFAULT 1.50, at date DEFAULT '2026-11-25', odd float DEFAULT 'NaN'
            """,
            Map.of("attributes", "tenantId,tags,args,urgent,cost,at,odd"));
    database.execute(
        "INSERT INTO ai_approvals (id, status, expires_at) VALUES (1, 'pending', now())");

    sweep(table).run();

    assertThat(
            database
                .jdbc()
                .sql("SELECT payload ->> 'attributes' FROM outbox")
                .query(String.class)
                .single())
        .isEqualTo(
            "{\"tenantId\":7,\"tags\":[\"a\",\"b\"],\"args\":{\"a\": [1]},\"urgent\":null,"
                + "\"cost\":1.50,\"at\":\"2026-11-25\",\"odd\":\"NaN\"}");
    assertThat(countPayloads("payload ->> 'version' = '1'")).as("NULL counts as none").isEqualTo(1);
  }

  @Test
  void recordsTheGoldenMessageWithAttributes() {
    Golden golden = Golden.read("approval-expired-with-attributes");
    ApprovalsTable table =
        adopt(
            """
            id int PRIMARY KEY, version int DEFAULT 1, executed_at timestamptz, urgent boolean,
            "tenantId" int, "requestedBy" text, tags text[]
            """,
            Map.of("attributes", "tenantId,requestedBy,tags,urgent"));
    database.execute(
        """
        INSERT INTO ai_approvals (id, status, expires_at, "tenantId", "requestedBy", tags)
        VALUES (%s, 'pending', '%s', 7, 'agent', '{deploy,eu}')
        """
            .formatted(golden.key(), golden.field("expiresAt")));

    sweep(table).run();

    assertThat(
            database
                .jdbc()
                .sql("SELECT payload ->> 'expiredAt' AS at, payload::text FROM outbox")
                .query(
                    (row, number) ->
                        row.getString("payload")
                            .replace(row.getString("at"), golden.field("expiredAt")))
                .single())
        .isEqualTo(golden.value());
  }

  @Test
  void passesOverAnIdThatNoKeyCanBeAndExpiresTheOthers() {
    ApprovalsTable table =
        adopt("id text PRIMARY KEY, version int, executed_at timestamptz", Map.of());
    database.execute(
        """
        INSERT INTO ai_approvals (id, status, expires_at)
        SELECT id, 'pending', now() FROM unnest(ARRAY['', 'a', repeat('b', 1024), repeat('c', 1025)]) id
        """);

    assertThat(sweep(table).run().expired()).isEqualTo(2);
    assertThat(database.count("SELECT count(*) FROM ai_approvals WHERE status = 'pending'"))
        .isEqualTo(2);
  }

  @Test
  void goesByADeadlineThatIsGenerated() {
    ApprovalsTable table =
        adopt(
            """
            id int PRIMARY KEY, version int, executed_at timestamptz, created_at timestamp,
            deadline timestamp GENERATED ALWAYS AS (created_at + interval '1 h') STORED
            """,
            Map.of("zone", "UTC", "columns.expires-at", "deadline"));
    database.execute(
        """
        INSERT INTO ai_approvals (id, status, created_at)
        SELECT n, 'pending', now() AT TIME ZONE 'UTC' - n * interval '30 min'
        FROM generate_series(1, 3) n
        """);

    assertThat(sweep(table).run().expired()).isEqualTo(2);
  }

  /** A column of milliseconds rounds, so that an approval could seem to expire before it is due. */
  @Test
  void neverWritesATimeOfExpiryBeforeTheDeadline() {
    ApprovalsTable table =
        adopt("id int PRIMARY KEY, version int, executed_at timestamptz(0)", Map.of());

    for (int i = 0; i < 20; i++) {
      database.execute(
          "INSERT INTO ai_approvals (id, status, expires_at) VALUES (%d, 'pending', now())"
              .formatted(i));
      sweep(table).run();
    }

    assertThat(database.count("SELECT count(*) FROM outbox")).isEqualTo(20);
    assertThat(database.count("SELECT count(*) FROM ai_approvals WHERE executed_at < expires_at"))
        .isZero();
  }

  /** Whatever the zone of the session: the local time of the column's is compared with. */
  @ParameterizedTest
  @CsvSource({"UTC", "America/New_York", "Asia/Kathmandu"})
  void readsALocalTimeByItsZone(String zone) {
    ApprovalsTable table =
        adopt(
            "id smallint PRIMARY KEY, version int, executed_at timestamp, local timestamp",
            Map.of("zone", zone, "columns.expires-at", "local"));
    database.execute(
        """
        INSERT INTO ai_approvals (id, status, expires_at, local)
        SELECT n, 'pending', '2000-01-01', (now() + n * interval '30 min') AT TIME ZONE '%s'
        FROM generate_series(-3, 3) n WHERE n <> 0
        """
            .formatted(zone));

    assertThat(Sweeps.of(database.jdbc(), table, 10).run().expired()).isEqualTo(3);
    assertThat(
            new DueApprovals(database.jdbc(), table)
                .untilNext(new DueApprovals.Key("-infinity", table.firstId()))
                .orElseThrow()
                .toMinutes())
        .isBetween(28L, 30L);
    assertThat(countPayloads("(payload ->> 'expiresAt')::timestamptz < now() - interval '20 min'"))
        .isEqualTo(3);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          id text PRIMARY KEY         | state      | timestamp(3)
          id varchar(30) PRIMARY KEY  | varchar(9) | timestamptz(3)
          id bigint PRIMARY KEY       | smallint   | timestamp
          id int PRIMARY KEY          | bigint     | timestamptz
          """)
  void entersByThePartialIndexWhateverTheTypes(String id, String status, String deadline) {
    database.execute("CREATE TYPE state AS ENUM ('0', '1', '2', '3')");
    Map<String, String> settings =
        Map.of(
            "zone", "UTC",
            "columns.version", "",
            "columns.executed-at", "",
            "columns.expires-at", "deadline",
            "columns.status", "state",
            "statuses.pending", "0",
            "statuses.expired", "3",
            "statuses.approved", "1",
            "statuses.rejected", "2");
    ApprovalsTable table =
        adopt("%s, state %s, deadline %s".formatted(id, status, deadline), settings);
    database.execute(
        """
        INSERT INTO ai_approvals (id, state, deadline, status, expires_at)
        SELECT n, (ARRAY['1', '0'])[1 + n / 30000]::text::%s,
               (now() AT TIME ZONE 'UTC' + interval '1 h')::%s, '-', now()
        FROM generate_series(1, 33000) n
        """
            .formatted(status, deadline));
    database.execute("VACUUM ANALYZE ai_approvals");

    for (String statement : List.of(DueApprovals.EXPIRE, DueApprovals.UNTIL_NEXT)) {
      assertThat(plan(table.sql(statement), table))
          .contains("using ai_approvals_due on ai_approvals")
          .doesNotContain("Seq Scan on ai_approvals", "Sort Key: approval.deadline");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          text        | a,"b"\\{NULL}'
          varchar(30) | NULL
          bigint      | -7
          int         | 7
          smallint    | 7
          uuid        | 0d5e4d5c-6b1a-4c7e-9d59-5a1a2f6f7a11
          """)
  void passesOverWhatIsRefusedWhateverTheTypeOfItsId(String type, String id) {
    ApprovalsTable table =
        adopt("id %s PRIMARY KEY, version int, executed_at timestamptz".formatted(type), Map.of());
    database
        .jdbc()
        .sql(
            """
            INSERT INTO ai_approvals (id, status, version, expires_at)
            VALUES (:id::%s, 'pending', 2147483647, now() - interval '1 h')
            """
                .formatted(type))
        .param("id", id)
        .update();
    Sweep sweep = sweep(table);

    assertThat(sweep.run().refused())
        .containsExactly(new Refusal(id, "ERROR: integer out of range"));
    assertThat(sweep.run().refused()).isEmpty();
    assertThat(sweep.refused()).extracting(Refusal::id).containsExactly(id);
  }

  private String plan(String statement, ApprovalsTable table) {
    return String.join(
        "\n",
        database
            .jdbc()
            .sql("EXPLAIN " + statement)
            .param("afterExpiresAt", "-infinity")
            .param("afterId", table.firstId())
            .param("limit", 1000)
            .param("headers", null)
            .param("refused", new String[0])
            .query(String.class)
            .list());
  }

  private long countPayloads(String condition) {
    return database.count("SELECT count(*) FROM outbox WHERE " + condition);
  }

  private Sweep sweep(ApprovalsTable table) {
    return Sweeps.of(database.jdbc(), table, 100);
  }

  /** Creates the table with further columns, and adopts it as the service does at its start. */
  private ApprovalsTable adopt(String columns, Map<String, String> settings) {
    database.execute(
        "CREATE TABLE ai_approvals (status text, expires_at timestamptz, %s)".formatted(columns));
    MapConfigurationPropertySource properties = new MapConfigurationPropertySource();
    settings.forEach((name, value) -> properties.put("lapse.approvals." + name, value));
    ApprovalsCheck check =
        new ApprovalsCheck(
            database.jdbc(),
            new Binder(properties).bindOrCreate("lapse.approvals", ApprovalsSettings.class));
    database.migrate(check.tableToMigrate());
    return check.table(true);
  }
}
