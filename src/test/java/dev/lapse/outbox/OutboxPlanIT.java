package dev.lapse.outbox;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lapse.support.TestDatabase;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A poll costs what it finds, however large the outbox is and whatever the planner believes. */
class OutboxPlanIT {

  private static final Logger log = LoggerFactory.getLogger(OutboxPlanIT.class);

  private static final int ROWS = 200_000;
  private static final int PAGE = 5000;
  private static final long BYTES = 1 << 24;
  private static final int HANDFUL = 40;

  /** What the planner knows and how it plans. */
  enum Planner {
    WITHOUT_STATISTICS(false, "auto"),
    WITH_STATISTICS(true, "auto"),
    GENERIC_WITHOUT_STATISTICS(false, "force_generic_plan"),
    GENERIC_WITH_STATISTICS(true, "force_generic_plan");

    private final boolean analyzed;
    private final String planCacheMode;

    Planner(boolean analyzed, String planCacheMode) {
      this.analyzed = analyzed;
      this.planCacheMode = planCacheMode;
    }

    /** A filled outbox for a test that only reads: others read it too. */
    TestDatabase outbox() {
      return analyzed ? withStatistics : withoutStatistics;
    }

    /** Learns what there is to know about an outbox that a test has written to. */
    void learn(TestDatabase database) {
      if (analyzed) {
        database.execute("VACUUM ANALYZE outbox");
      }
    }
  }

  /** Closed: a test that writes takes a copy. The planner knows nothing of it. */
  private static TestDatabase filled;

  private static TestDatabase withoutStatistics;
  private static TestDatabase withStatistics;

  /** Once: to write the rows takes many times as long as to copy them. */
  @BeforeAll
  static void fill() {
    filled = TestDatabase.migrated();
    filled.execute("ALTER TABLE outbox SET (autovacuum_enabled = off)");
    append(filled::execute, ROWS);
    filled.close();
    withoutStatistics = filled.copy();
    withStatistics = filled.copy();
    withStatistics.execute("VACUUM ANALYZE outbox");
  }

  @AfterAll
  static void stop() {
    withoutStatistics.close();
    withStatistics.close();
  }

  @ParameterizedTest
  @EnumSource
  void anEmptyPollReadsAHandfulOfPages(Planner planner) throws Exception {
    TestDatabase database = planner.outbox();

    Plan plan = explain(database, planner, endOfTheOutbox(database));

    assertThat(plan.rows()).isEqualTo(1); // the state
    assertThat(plan.buffers()).as(plan.text()).isLessThan(HANDFUL);
    assertThat(plan.nodes()).doesNotContain("Seq Scan");
  }

  @ParameterizedTest
  @EnumSource
  void oneStragglerAmongManyRowsCostsAHandfulOfPages(Planner planner) throws Exception {
    try (TestDatabase database = filled.copy();
        Connection late = database.connect();
        Statement statement = late.createStatement()) {
      late.setAutoCommit(false);
      append(statement::execute, 1);
      append(database::execute, 1000);
      Position position = endOfTheOutbox(database);
      late.commit();
      late.setAutoCommit(true);
      planner.learn(database);

      Plan plan = explain(database, planner, position);

      assertThat(plan.rows()).isEqualTo(2);
      assertThat(plan.buffers()).as(plan.text()).isLessThan(HANDFUL);
      assertThat(plan.nodes()).doesNotContain("Seq Scan");
    }
  }

  /** As after a dump was adopted, until somebody vacuums: all rows are of one transaction. */
  @ParameterizedTest
  @EnumSource
  void anEmptyPollReadsAHandfulOfPagesAfterTheOutboxWasRestamped(Planner planner) throws Exception {
    try (TestDatabase database = filled.copy();
        Connection running = database.connect();
        Statement statement = running.createStatement()) {
      database.execute("SELECT restamp_outbox(0, 100000)");
      database.execute("ANALYZE outbox");
      running.setAutoCommit(false);
      statement.execute("SELECT pg_current_xact_id()");
      append(database::execute, 1);
      String snapshot = reader(database).state().snapshot();
      running.commit();
      running.setAutoCommit(true);
      DatabaseState now = reader(database).state();
      planner.learn(database);

      Plan plan = explain(database, planner, endOf(now, snapshot));

      assertThat(plan.rows()).isEqualTo(1);
      assertThat(plan.buffers()).as(plan.text()).isLessThan(HANDFUL);
      assertThat(plan.nodes()).doesNotContain("Seq Scan");
    }
  }

  @ParameterizedTest
  @EnumSource
  void aPageIsReadFromTheIndexAndNoFurther(Planner planner) throws Exception {
    TestDatabase database = planner.outbox();

    Plan plan = explain(database, planner, Position.start(reader(database).state()));

    assertThat(plan.rows()).isEqualTo(PAGE + 1L);
    assertThat(plan.buffers()).as(plan.text()).isLessThan(1500); // 200,000 rows are on 4,500
  }

  /** Rows written and not committed are passed by, not looked at again with every poll. */
  @ParameterizedTest
  @EnumSource
  void aLargeTransactionStillOpenCostsAPollNothing(Planner planner) throws Exception {
    try (TestDatabase database = filled.copy();
        Connection open = database.connect();
        Statement statement = open.createStatement()) {
      open.setAutoCommit(false);
      append(statement::execute, 50_000);
      append(database::execute, 10);
      Position position = endOfTheOutbox(database);
      planner.learn(database);

      Plan plan = explain(database, planner, position);

      open.rollback();
      open.setAutoCommit(true);
      assertThat(plan.buffers()).as(plan.text()).isLessThan(HANDFUL);
    }
  }

  /** No snapshot lists it as running then: it lies beyond. */
  @ParameterizedTest
  @EnumSource
  void aLargeTransactionStillOpenCostsAPollNothingWhileItIsTheYoungest(Planner planner)
      throws Exception {
    try (TestDatabase database = filled.copy();
        Connection open = database.connect();
        Statement statement = open.createStatement()) {
      open.setAutoCommit(false);
      append(statement::execute, 50_000);
      DatabaseState now = reader(database).state();
      String snapshot =
          database.jdbc().sql("SELECT pg_current_snapshot()::text").query(String.class).single();
      planner.learn(database);

      // As if a record above all of its own had been published.
      Plan plan = explain(database, planner, endOf(now, snapshot));

      open.rollback();
      open.setAutoCommit(true);
      assertThat(plan.buffers()).as(plan.text()).isLessThan(HANDFUL);
    }
  }

  /** Of a key that waits; all others wait for such a look. */
  @ParameterizedTest
  @EnumSource
  void aLookForWhatWaitsReadsTheRangeThatItMayAndNoFurther(Planner planner) throws Exception {
    TestDatabase database = planner.outbox();
    String snapshot = endOfTheOutbox(database).snapshot();

    Plan plan =
        explain(
            database,
            planner,
            "(bigint, text, bigint[], text[], text, text, integer, integer, bigint)",
            OutboxQueries.of(OriginSource.WAL).waiting,
            "20000, '%1$s', '{10000}', '{%1$s}', 'key-7', 'key-7', %2$d, %2$d, %3$d"
                .formatted(snapshot, PAGE + 1, BYTES));

    assertThat(plan.rows()).isEqualTo(1 + 100);
    assertThat(plan.buffers()).as(plan.text()).isLessThan(1000); // 10,000 rows, and a page of them
    assertThat(plan.nodes()).doesNotContain("Seq Scan");
  }

  /** Of a pass that has come far, and may look no further than a few hundred rows. */
  @ParameterizedTest
  @EnumSource
  void aLookForStragglersBeginsWhereTheLastEndedAndReadsNoFurtherThanItMay(Planner planner)
      throws Exception {
    TestDatabase database = planner.outbox();
    DatabaseState now = reader(database).state();

    Plan plan =
        explain(
            database,
            planner,
            "(bigint, bigint, text, text, integer, integer, bigint)",
            OutboxQueries.of(OriginSource.WAL).catchUp,
            "150000, 150500, '%s', '%s', %d, %d, %d"
                .formatted(Position.start(now).snapshot(), now.snapshot(), PAGE, PAGE + 1, BYTES));

    assertThat(plan.rows()).isEqualTo(1 + 500);
    assertThat(plan.buffers()).as(plan.text()).isLessThan(HANDFUL);
    assertThat(plan.nodes()).doesNotContain("Seq Scan");
  }

  /** As if all had been published under {@code snapshot}. */
  private static Position endOf(DatabaseState now, String snapshot) {
    return new Position(now.lastId(), null, snapshot, null, List.of(), now.origin());
  }

  private static OutboxReader reader(TestDatabase database) {
    return new OutboxReader(database.service(), PAGE, BYTES);
  }

  private static Position endOfTheOutbox(TestDatabase database) throws SQLException {
    OutboxReader reader = reader(database);
    Position position = Position.start(reader.state());
    Page page;
    do {
      page = reader.read(position);
      position = page.next();
    } while (page.more());
    return reader.read(position).next();
  }

  private interface Sql {
    void execute(String sql) throws SQLException;
  }

  private static void append(Sql sql, int rows) {
    try {
      sql.execute(
          "INSERT INTO outbox (type, key, payload) SELECT 'Noted', 'key-' || n % 100,"
              + " json_build_object('number', n) FROM generate_series(1, %d) n".formatted(rows));
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Plan explain(TestDatabase database, Planner planner, Position position)
      throws SQLException {
    return explain(
        database,
        planner,
        "(bigint, text, integer, integer, integer, bigint)",
        OutboxQueries.of(OriginSource.WAL).page,
        "%d, '%s', %d, %d, %d, %d"
            .formatted(position.publishedId(), position.snapshot(), PAGE, PAGE, PAGE + 1, BYTES));
  }

  private static Plan explain(
      TestDatabase database, Planner planner, String types, String sql, String values)
      throws SQLException {
    try (Connection connection = database.connect();
        Statement statement = connection.createStatement()) {
      statement.execute("SET plan_cache_mode = " + planner.planCacheMode);
      statement.execute("PREPARE question " + types + " AS " + numbered(sql));
      String execute = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE question (" + values + ")";
      explain(connection, execute); // the first marks dead rows, and fills the catalogue's caches
      Plan plan = explain(connection, execute);
      statement.execute("RESET plan_cache_mode");
      statement.execute("DEALLOCATE question");
      log.info("{} buffers={} ms={}", planner, plan.buffers(), plan.milliseconds());
      return plan;
    }
  }

  private static Plan explain(Connection connection, String execute) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(execute);
        ResultSet row = statement.executeQuery()) {
      row.next();
      return new Plan(JsonMapper.shared().readTree(row.getString(1)).get(0));
    }
  }

  /** {@code ?} as {@code $1}, {@code $2}, … */
  private static String numbered(String sql) {
    AtomicInteger number = new AtomicInteger();
    return Pattern.compile("\\?").matcher(sql).replaceAll(mark -> "\\$" + number.incrementAndGet());
  }

  private record Plan(JsonNode json) {

    long rows() {
      return json.get("Plan").get("Actual Rows").asLong();
    }

    long buffers() {
      JsonNode top = json.get("Plan");
      return top.get("Shared Hit Blocks").asLong() + top.get("Shared Read Blocks").asLong();
    }

    double milliseconds() {
      return json.get("Execution Time").asDouble();
    }

    List<String> nodes() {
      List<String> nodes = new ArrayList<>();
      collect(json.get("Plan"), nodes);
      return nodes;
    }

    private static void collect(JsonNode node, List<String> nodes) {
      if (!node.path("Relation Name").asString("").endsWith("_seq")) {
        nodes.add(node.get("Node Type").asString());
      }
      for (JsonNode child : node.path("Plans")) {
        collect(child, nodes);
      }
    }

    String text() {
      return json.toPrettyString();
    }
  }
}
