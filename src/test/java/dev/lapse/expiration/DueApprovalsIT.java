package dev.lapse.expiration;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lapse.approvals.ApprovalsTable;
import dev.lapse.support.Approvals;
import dev.lapse.support.TestDatabase;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;

class DueApprovalsIT {

  private static final String EXPIRE = ApprovalsTable.standard().sql(DueApprovals.EXPIRE);
  private static final String UNTIL_NEXT = ApprovalsTable.standard().sql(DueApprovals.UNTIL_NEXT);

  private final TestDatabase database = TestDatabase.migrated();
  private final Approvals approvals = new Approvals(database);
  private final DueApprovals dueApprovals = Sweeps.dueApprovals(database.serviceJdbc());

  @AfterEach
  void close() {
    database.close();
  }

  @Test
  void goesOnBehindTheLastOneOfAFullBatch() {
    List<UUID> due = approvals.due(3);

    DueApprovals.Batch first = dueApprovals.expire(Sweeps.FIRST, 2);
    DueApprovals.Batch second = dueApprovals.expire(first.next(), 2);

    assertThat(first.expired()).isEqualTo(2);
    assertThat(first.more()).isTrue();
    assertThat(first.next().id()).isEqualTo(due.get(1).toString());
    assertThat(second.expired()).isEqualTo(1);
    assertThat(second.more()).isFalse();
  }

  @Test
  void goesOnWhereNothingHadFallenDueYetAfterABatchThatIsNotFull() {
    DueApprovals.Batch empty = dueApprovals.expire(Sweeps.FIRST, 2);
    approvals.insert(1, "-1 hour");
    UUID since = approvals.insert(1, "0 seconds").get(0);

    dueApprovals.expire(empty.next(), 2);

    assertThat(approvals.status(since)).isEqualTo("expired");
    assertThat(dueApprovals.count()).as("overdue when it came in").isEqualTo(1);
    assertThat(dueApprovals.expire(Sweeps.FIRST, 2).expired()).isEqualTo(1);
  }

  @Test
  void tellsHowLongUntilTheNextDeadline() {
    assertThat(dueApprovals.untilNext(Sweeps.FIRST)).isEmpty();

    approvals.insert(1, "2 hours");
    approvals.insert(1, "1 hour");
    assertThat(dueApprovals.untilNext(Sweeps.FIRST).orElseThrow())
        .isBetween(Duration.ofMinutes(58), Duration.ofMinutes(61));

    database.execute("UPDATE ai_approvals SET status = 'approved'");
    assertThat(dueApprovals.untilNext(Sweeps.FIRST)).isEmpty();
  }

  /** Consumers link to it. */
  @Test
  void keepsTheTraceWithEachRecord() {
    approvals.due(2);
    String traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    dueApprovals.expire(Sweeps.FIRST, 10, new String[0], traceparent);

    assertThat(
            database.count(
                "SELECT count(*) FROM outbox WHERE headers = '{\"traceparent\": \"%s\"}'"
                    .formatted(traceparent)))
        .isEqualTo(2);
  }

  @Test
  void tellsOfADeadlineThatHasPassedSinceTheLastBatch() {
    DueApprovals.Key next = dueApprovals.expire(Sweeps.FIRST, 10).next();
    approvals.insert(1, "0 seconds");

    assertThat(dueApprovals.untilNext(next).orElseThrow()).isNegative();
  }

  @Test
  void doesNotCountToTheEndOfTime() {
    database.execute("ALTER TABLE ai_approvals DROP CONSTRAINT ai_approvals_expires_at");
    approvals.notDue(1);

    for (String never : List.of("9999-12-31", "infinity")) {
      database.execute("UPDATE ai_approvals SET expires_at = '" + never + "'");
      assertThat(dueApprovals.untilNext(Sweeps.FIRST)).contains(Duration.ofDays(1));
    }
  }

  @Test
  void entersByThePartialIndexWhateverThePlan() {
    fillTable();

    for (String statement : List.of(EXPIRE, UNTIL_NEXT)) {
      assertThat(genericPlan(statement))
          .contains("using ai_approvals_due on ai_approvals")
          .doesNotContain("Seq Scan on ai_approvals");
    }
  }

  @Test
  void findsTheOneByItsId() {
    fillTable();
    UUID due = approvals.due();

    String plan =
        String.join(
            "\n",
            database
                .jdbc()
                .sql("EXPLAIN " + ApprovalsTable.standard().sql(DueApprovals.EXPIRE_ONE))
                .param("id", due.toString())
                .param("limit", 1)
                .param("headers", null)
                .query(String.class)
                .list());

    assertThat(plan).contains("ai_approvals_pkey").doesNotContain("Seq Scan on ai_approvals");
  }

  @Test
  void readsAHandfulOfPagesWhenNothingIsDue() {
    fillTable();
    DueApprovals.Key next = dueApprovals.expire(Sweeps.FIRST, 1000).next();

    assertThat(pagesRead(EXPIRE, next)).isLessThan(10);
    assertThat(pagesRead(UNTIL_NEXT, next)).isLessThan(10);
  }

  /** As after a quiet night: the planner expects one row, and there are thousands. */
  @Test
  void findsEachApprovalByItsIdWhenTheStatisticsKnowOfNone() {
    approvals.notDue(30_000);
    database.execute("UPDATE ai_approvals SET status = 'approved'");
    database.execute("VACUUM ANALYZE ai_approvals");
    approvals.due(3_000);

    assertThat(analyze(EXPIRE, Sweeps.FIRST))
        .contains("ai_approvals_pkey")
        .doesNotContain("Seq Scan on ai_approvals")
        .doesNotContain("Rows Removed by Join Filter");
  }

  /** 30,000 approvals decided and 3,000 pending, an hour before their deadlines. */
  private void fillTable() {
    approvals.notDue(30_000);
    database.execute("UPDATE ai_approvals SET status = 'approved'");
    approvals.notDue(3_000);
    database.execute("VACUUM ANALYZE ai_approvals");
  }

  /** The plan for parameters not known: what a prepared statement may end up with. */
  private String genericPlan(String statement) {
    SingleConnectionDataSource session = new SingleConnectionDataSource(database.connect(), true);
    try {
      JdbcTemplate jdbc = new JdbcTemplate(session);
      jdbc.execute("SET plan_cache_mode = force_generic_plan");
      jdbc.execute(
          "PREPARE prepared(text, text, bigint, text, text[]) AS "
              + statement
                  .replace(":afterExpiresAt", "$1")
                  .replace(":afterId", "$2")
                  .replace(":limit", "$3")
                  .replace(":headers", "$4")
                  .replace(":refused", "$5"));
      List<String> plan =
          jdbc.queryForList(
              "EXPLAIN EXECUTE prepared('-infinity', '"
                  + Sweeps.FIRST.id()
                  + "', 1000, NULL, '{}')",
              String.class);
      jdbc.execute("DEALLOCATE prepared");
      return String.join("\n", plan);
    } finally {
      session.destroy();
    }
  }

  private int pagesRead(String statement, DueApprovals.Key after) {
    String plan = analyze(statement, after);
    Matcher buffers = Pattern.compile("Buffers: shared hit=(\\d+)(?: read=(\\d+))?").matcher(plan);
    assertThat(buffers.find()).as(plan).isTrue();
    String read = buffers.group(2);
    return Integer.parseInt(buffers.group(1)) + (read == null ? 0 : Integer.parseInt(read));
  }

  /** Runs the statement and returns its plan, with what each part of it did. */
  private String analyze(String statement, DueApprovals.Key after) {
    return String.join(
        "\n",
        database
            .jdbc()
            .sql("EXPLAIN (ANALYZE, BUFFERS, TIMING off) " + statement)
            .param("afterExpiresAt", after.expiresAt())
            .param("afterId", after.id())
            .param("limit", 1000)
            .param("headers", null)
            .param("refused", new String[0])
            .query(String.class)
            .list());
  }
}
