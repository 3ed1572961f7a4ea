package dev.lapse.deadline;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Extending, recording and reminding, in tables of the application's own. */
class AnyDeadlineIT {

  /**
   * @param ddl of a table {@code requests} whose key is {@code name}
   * @param deadline SQL of a deadline so many hours ahead
   * @param unit hours that the column cannot tell apart
   */
  private record Table(
      String kind,
      String ddl,
      Map<String, String> words,
      String pending,
      String decided,
      String deadline,
      double unit) {

    @Override
    public String toString() {
      return kind;
    }
  }

  static Stream<Table> tables() {
    return Stream.of(
        new Table(
            "seconds since 1970, several pending statuses as numbers, numbers as ids",
            """
            CREATE TABLE requests ("Na$$me" bigint PRIMARY KEY, state smallint NOT NULL,
              due bigint, revision bigint, made bigint)
            """,
            words(
                "columns.version", "revision",
                "columns.executed-at", "",
                "columns.created-at", "made",
                "expires-at-unit", "seconds",
                "statuses.pending", "0,1",
                "statuses.expired", "3",
                "statuses.approved", "2",
                "statuses.rejected", "4",
                "statuses.ended", ""),
            "1",
            "2",
            "extract(epoch FROM now() + interval '%s hours')::bigint",
            0.001),
        new Table(
            "milliseconds in an integer column of bigint, a condition, texts as ids",
            """
            CREATE TABLE requests ("Na$$me" text PRIMARY KEY, state varchar(20),
              due bigint, deleted boolean DEFAULT false)
            """,
            words(
                "columns.version", "",
                "columns.executed-at", "",
                "expires-at-unit", "milliseconds",
                "condition", "NOT deleted"),
            "'pending'",
            "'approved'",
            "(extract(epoch FROM now() + interval '%s hours') * 1000)::bigint",
            0.001),
        new Table(
            "a clock without its zone, an enum, columns that expiring sets",
            """
            CREATE TYPE state AS ENUM ('WAITING', 'YES', 'NO', 'LAPSED');
            CREATE TABLE requests ("Na$$me" uuid PRIMARY KEY DEFAULT gen_random_uuid(),
              state state, due timestamp, rev int DEFAULT 1, changed timestamp, by_whom text)
            """,
            words(
                "columns.version", "rev",
                "columns.executed-at", "changed",
                "zone", "America/New_York",
                "statuses.pending", "WAITING",
                "statuses.expired", "LAPSED",
                "statuses.approved", "YES",
                "statuses.rejected", "NO",
                "statuses.ended", "",
                "set.by_whom", "'lapse'"),
            "'WAITING'",
            "'YES'",
            "(now() + interval '%s hours') AT TIME ZONE 'America/New_York'",
            0.001),
        new Table(
            "days, characters as ids",
            """
            CREATE TABLE requests ("Na$$me" char(8) PRIMARY KEY, state text, due date)
            """,
            words(
                "columns.version", "",
                "columns.executed-at", "",
                "zone", "Asia/Tokyo"),
            "'pending'",
            "'approved'",
            "((now() + interval '%s hours') AT TIME ZONE 'Asia/Tokyo')::date",
            24));
  }

  /** Those of {@code lapse.approvals}, beside the ones that all of these tables have. */
  private static Map<String, String> words(String... words) {
    Map<String, String> all =
        new HashMap<>(
            Map.of(
                "table", "requests",
                "columns.id", "Na$$me",
                "columns.status", "state",
                "columns.expires-at", "due"));
    for (int i = 0; i < words.length; i += 2) {
      all.put(words[i], words[i + 1]);
    }
    return all;
  }

  @ParameterizedTest
  @MethodSource("tables")
  void movesRecordsAndReminds(Table table) {
    String rung = "%dh:remind".formatted(table.unit() > 1 ? 200 : 3);
    try (DeadlineWorld world = DeadlineWorld.of(table.ddl(), table.words())) {
      world.ladder(rung).moves(null, null);
      String id = id(table);
      insert(world, table, id, table.unit() > 1 ? "96" : "2");
      insert(world, table, other(table), table.unit() > 1 ? "240" : "20");
      assertThat(world.strings("SELECT approval_id FROM next_step")).hasSize(2);

      LadderStep step = world.step(rung);
      step.runOnce();
      assertThat(world.strings("SELECT type || ' ' || key FROM outbox"))
          .containsExactly("ApprovalExpiring " + id);

      Extension.Outcome outcome =
          world
              .extension()
              .run(
                  new ExtensionRequest(
                      List.of(),
                      table.unit() > 1 ? Duration.ofHours(150) : Duration.ofHours(5),
                      false,
                      Map.of("state", state(table)),
                      table.unit() > 1 ? Duration.ofHours(239) : Duration.ofMinutes(239),
                      null,
                      "outage",
                      10,
                      "tester"),
                  new CountDownLatch(1),
                  moved -> {});

      assertThat(outcome.moved()).isEqualTo(1);
      assertThat(outcome.left()).isZero();
      double wanted = table.unit() > 1 ? 239 : 239 / 60.0;
      assertThat(
              Double.parseDouble(
                  world
                      .strings(
                          """
                          SELECT (extract(epoch FROM to_deadline - from_deadline) / 3600)::text
                          FROM deadline_move
                          """)
                      .get(0)))
          .as("never shorter than asked for")
          .isBetween(wanted - 0.0001, wanted + table.unit());
      assertThat(
              world.strings(
                  "SELECT concat(type, ' ', key) FROM outbox WHERE type = 'ApprovalRescheduled'"))
          .containsExactly("ApprovalRescheduled " + id);
      assertThat(world.strings("SELECT step FROM next_step WHERE approval_id = '%s'".formatted(id)))
          .as("armed for the new deadline")
          .containsExactly(rung.replace(":remind", ""));

      world.database.execute(
          "UPDATE requests SET state = %s WHERE \"Na$$me\"::text = '%s'"
              .formatted(table.decided(), id));
      assertThat(world.strings("SELECT approval_id FROM next_step")).containsExactly(other(table));
      step.runOnce();
      assertThat(world.strings("SELECT 1 FROM outbox")).hasSize(2);
    }
  }

  private static void insert(DeadlineWorld world, Table table, String id, String hours) {
    world.database.execute(
        "INSERT INTO requests (\"Na$$me\", state, due) VALUES ('%s', %s, %s)"
            .formatted(id, table.pending(), table.deadline().formatted(hours)));
  }

  private static String id(Table table) {
    return table.kind().contains("numbers as ids")
        ? "1"
        : table.kind().contains("enum") ? "00000000-0000-0000-0000-000000000001" : "a b";
  }

  private static String other(Table table) {
    return id(table).replace('1', '2').replace("a b", "z");
  }

  private static String state(Table table) {
    return table.pending().replace("'", "");
  }
}
