package dev.lapse.approvals;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lapse.approvals.Doubt.Weight;
import dev.lapse.problem.Problem;
import dev.lapse.support.Command;
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
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;

/** What the settings say is compared with what the table holds. */
class DoubtsIT {

  private final TestDatabase database = TestDatabase.empty(Servers.postgres());

  @AfterEach
  void close() {
    database.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"text", "varchar(20)", "char(20)"})
  void namesAPendingStatusInAnotherCase(String type) {
    table("status " + type);
    insert("'PENDING'", "'APPROVED'");

    assertThat(doubts(Map.of()))
        .filteredOn(doubt -> doubt.weight() == Weight.WRONG)
        .singleElement()
        .satisfies(
            doubt -> {
              assertThat(doubt.problem().what())
                  .isEqualTo("No row of \"ai_approvals\" is 'pending', but rows are 'PENDING'.");
              assertThat(doubt.problem().action())
                  .startsWith("-- set lapse.approvals.statuses.pending=PENDING");
            });
    assertThat(
            doubts(
                Map.of(
                    "statuses.pending",
                    "PENDING",
                    "statuses.expired",
                    "EXPIRED",
                    "statuses.approved",
                    "APPROVED",
                    "statuses.rejected",
                    "REJECTED")))
        .isEmpty();
  }

  @Test
  void namesValuesThatNoSettingNames() {
    table("status text");
    insert("'pending'", "'escalated'", "'aproved'", "'approved'");

    assertThat(doubts(Map.of()))
        .singleElement()
        .satisfies(
            doubt -> {
              assertThat(doubt.weight()).isEqualTo(Weight.SUSPECT);
              assertThat(doubt.problem().what())
                  .isEqualTo(
                      "\"ai_approvals\".\"status\" has values that no setting names: 'aproved',"
                          + " 'escalated'.");
              assertThat(doubt.problem().why()).contains("'aproved' for 'approved'");
            });
    assertThat(doubts(Map.of("statuses.pending", "pending,escalated,aproved"))).isEmpty();
  }

  /** Of a large table it reads pages at both ends and some between, or an index. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void looksAtAPartOfALargeTableOnly(boolean indexed) {
    table("status text, filler text");
    database.execute(
        """
        INSERT INTO ai_approvals (id, status, expires_at, filler)
        SELECT n, CASE WHEN n < 10 THEN 'odd' WHEN n > 39990 THEN 'strange' ELSE 'approved' END,
               now(), repeat('x', 200)
        FROM generate_series(1, 40000) n
        """);
    if (indexed) {
      database.execute("CREATE INDEX ON ai_approvals (status)");
    }
    database.execute("VACUUM ANALYZE ai_approvals");
    // What this session has read is not to be counted after the reset.
    database.execute("SELECT pg_stat_force_next_flush()");
    database.execute("DROP ROLE IF EXISTS looker");
    database.execute("CREATE ROLE looker");
    database.execute(
        "GRANT SELECT (id, status, version, expires_at, executed_at) ON ai_approvals TO looker");
    database.execute("SELECT pg_stat_reset()");

    JdbcClient looker = JdbcClient.create(new SingleConnectionDataSource(database.connect(), true));
    looker.sql("SET ROLE looker").update();
    assertThat(new ApprovalsCheck(looker, settings(Map.of())).doubts())
        .anyMatch(doubt -> doubt.problem().what().contains("'odd', 'strange'"));
    looker.sql("RESET ROLE").update();
    looker.sql("SELECT pg_stat_force_next_flush()").query(row -> {});

    assertThat(
            database.count(
                "SELECT seq_tup_read FROM pg_stat_all_tables WHERE relname = 'ai_approvals'"))
        .isBetween(indexed ? 0L : 1L, 10_000L);
    database.execute("DROP OWNED BY looker; DROP ROLE looker");
  }

  @ParameterizedTest
  @CsvSource({
    "deleted_at timestamptz, \"deleted_at\" IS NULL",
    "\"deletedAt\" timestamptz, \"deletedAt\" IS NULL",
    "is_deleted boolean, \"is_deleted\" IS NOT TRUE",
    "discarded_at timestamp, \"discarded_at\" IS NULL",
    "archived boolean, \"archived\" IS NOT TRUE",
    "removed_at date, \"removed_at\" IS NULL",
  })
  void asksAboutSoftDeletion(String column, String condition) {
    table("status text, " + column);
    insert("'pending'");

    assertThat(doubts(Map.of()))
        .singleElement()
        .satisfies(
            doubt -> {
              assertThat(doubt.weight()).isEqualTo(Weight.NOTE);
              assertThat(doubt.problem().action())
                  .isEqualTo("-- if it is: lapse.approvals.condition=" + condition);
            });
    assertThat(doubts(Map.of("condition", condition))).isEmpty();
    assertThat(check(Map.of("condition", condition)).problems())
        .extracting(Problem::action)
        .allMatch(action -> action.startsWith("CREATE INDEX"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"lock_version", "row_version", "\"rowVersion\"", "version"})
  void asksAboutAnOptimisticLock(String column) {
    table("status text, %s int".formatted(column));
    insert("'pending'");

    assertThat(doubts(Map.of("columns.version", "")))
        .singleElement()
        .satisfies(
            doubt ->
                assertThat(doubt.problem().action())
                    .isEqualTo(
                        "-- if it is: lapse.approvals.columns.version="
                            + column.replace("\"", "")));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          timestamp DEFAULT now() + interval '1 hour'                      | (now() AT TIME ZONE 'UTC')
          timestamp DEFAULT CURRENT_TIMESTAMP + interval '1 hour'          | (now() AT TIME ZONE 'UTC')
          timestamp DEFAULT LOCALTIMESTAMP                                 | (now() AT TIME ZONE 'UTC')
          date DEFAULT CURRENT_DATE + 7                                    | (now() AT TIME ZONE 'UTC')::date
          """)
  void noticesADefaultInTheZoneOfTheSession(String deadline, String fixed) {
    table("status text, due " + deadline);
    insert("'pending'");
    Map<String, String> settings = Map.of("zone", "UTC", "columns.expires-at", "due");
    assertThat(doubts(settings)).extracting(Doubt::weight).containsExactly(Weight.SUSPECT);
    database.execute(
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET timezone = ''Europe/Berlin''',"
            + " current_database()); END $$");

    List<Doubt> doubts = doubts(settings);

    assertThat(doubts).extracting(Doubt::weight).containsExactly(Weight.WRONG);
    assertThat(doubts.get(0).problem().what()).contains("Europe/Berlin, not UTC");
    assertThat(doubts.get(0).problem().action()).contains(fixed);
    database.execute(doubts.get(0).problem().action());
    assertThat(doubts(settings))
        .as("deadlines of other programs may still be wrong")
        .noneMatch(doubt -> doubt.weight() == Weight.WRONG);
    assertThat(doubts(Map.of("zone", "Europe/Berlin", "columns.expires-at", "due")))
        .extracting(doubt -> doubt.problem().what())
        .as("of UTC by default now")
        .anyMatch(what -> what.contains("by default the time of UTC"));
  }

  private void table(String columns) {
    database.execute(
        "CREATE TABLE ai_approvals (id int PRIMARY KEY, expires_at timestamptz, %s)"
            .formatted(columns));
    if (!columns.contains("version")) {
      database.execute("ALTER TABLE ai_approvals ADD version int");
    }
    database.execute("ALTER TABLE ai_approvals ADD executed_at timestamptz");
  }

  private void insert(String... statuses) {
    for (int i = 0; i < statuses.length; i++) {
      database.execute(
          "INSERT INTO ai_approvals (id, status, expires_at) VALUES (%d, %s, now())"
              .formatted(i, statuses[i]));
    }
  }

  private List<Doubt> doubts(Map<String, String> settings) {
    return check(settings).doubts();
  }

  private ApprovalsCheck check(Map<String, String> settings) {
    return new ApprovalsCheck(database.jdbc(), settings(settings));
  }

  private static ApprovalsSettings settings(Map<String, String> settings) {
    MapConfigurationPropertySource properties = new MapConfigurationPropertySource();
    settings.forEach((name, value) -> properties.put("lapse.approvals." + name, value));
    return new Binder(properties).bindOrCreate("lapse.approvals", ApprovalsSettings.class);
  }

  /** A Kafka key has one character or more, and Lapse gives it 1,024 at the most. */
  @ParameterizedTest
  @ValueSource(strings = {"''", "repeat('x', 1025)", "NULL"})
  void namesIdsThatCanNeverExpire(String id) {
    database.execute(
        "CREATE TABLE ai_approvals (id text UNIQUE, status text, version int,"
            + " expires_at timestamptz, executed_at timestamptz)");
    database.execute(
        "INSERT INTO ai_approvals VALUES ('fine', 'pending', 1, now() - interval '1 min', NULL)");
    database.execute("CREATE INDEX ON ai_approvals (expires_at, id) WHERE status = 'pending'");
    assertThat(doubts(Map.of())).isEmpty();
    database.execute(
        "INSERT INTO ai_approvals VALUES (%s, 'pending', 1, now() - interval '1 hour', NULL)"
            .formatted(id));

    assertThat(doubts(Map.of()))
        .extracting(doubt -> doubt.weight() + " " + doubt.problem().what())
        .containsExactly(
            "WRONG 1 pending approvals have no id, or one that is not 1 to 1024 characters long.");
    Command dryRun = Command.run(database, "expire", "--dry-run");
    assertThat(dryRun.output())
        .contains("Approvals that would expire: 1.", "approval fine would expire")
        .contains("so they never expire");
    assertThat(dryRun.exitCode()).isEqualTo(1);
  }
}
