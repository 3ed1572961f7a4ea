package dev.lapse.expiration;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lapse.approvals.ApprovalsCheck;
import dev.lapse.approvals.ApprovalsSettings;
import dev.lapse.approvals.ApprovalsTable;
import dev.lapse.problem.Problem;
import dev.lapse.support.TestDatabase;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * A check that is well is followed by an approval that expires and a record of it; where it is not,
 * the check says so before. Tables of all kinds are drawn from a seed: {@code -Dlapse.test.seed=N}
 * draws others. Every remedy that the checks print is run as it stands.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AnyTableIT {

  private static final int TABLES = 48;

  private static final long SEED = Long.getLong("lapse.test.seed", 20261127);

  /** Remedies may bring others to light, as a table that can be read shows what is in it. */
  private static final int ROUNDS = 4;

  private final TestDatabase database = TestDatabase.migrated();

  @BeforeAll
  void allowSchemas() {
    database.execute("CREATE SCHEMA tables");
  }

  @AfterAll
  void close() {
    database.close();
  }

  static Stream<AnyTable> tables() {
    return IntStream.range(0, TABLES).mapToObj(number -> AnyTable.draw(SEED, number));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("tables")
  void expiresWhatIsOverdueOrSaysSoBefore(AnyTable table) {
    table.ddl().forEach(database::execute);
    JdbcClient service = database.serviceJdbc();
    ApprovalsSettings settings = table.settings();
    database.execute(table.insert("ahead", "1 hour"));
    database.execute(table.insert("decided", "-1 hour", table.approved()));

    List<Problem> problems = fix(new ApprovalsCheck(service, settings));
    Trial.Result tried = null;
    if (problems.isEmpty()) {
      tried = trial(settings).run();
    }

    boolean well = tried != null && tried.outcome() == Trial.Outcome.PASSED;
    assertThat(well).as("%s%n%s%n%s", table, problems, tried).isEqualTo(!table.isHarmful());
    if (well) {
      expires(table, settings, service);
    } else if (tried != null) {
      assertThat(tried.outcome()).isEqualTo(Trial.Outcome.REFUSED);
      assertThat(tried.reason()).contains(table.obstacle());
      staysPending(table, settings, service);
    }
  }

  private void expires(AnyTable table, ApprovalsSettings settings, JdbcClient service) {
    database.execute(table.insert("overdue", "-1 second"));
    long records = records();

    Swept swept = Sweeps.of(service, table(settings, service), 10).run();

    assertThat(swept.refused()).isEmpty();
    assertThat(swept.expired()).isEqualTo(1);
    assertThat(records()).isEqualTo(records + 1);
    assertThat(status(table, "overdue")).isEqualTo(table.expired());
    assertThat(status(table, "ahead")).as("not early").isEqualTo(table.pending());
    assertThat(status(table, "decided")).isEqualTo(table.approved());
  }

  private void staysPending(AnyTable table, ApprovalsSettings settings, JdbcClient service) {
    database.execute(table.insert("overdue", "-1 second"));
    long records = records();

    try {
      Sweeps.of(service, table(settings, service), 10).run();
    } catch (RuntimeException e) { // what befalls any row ends the sweep
      assertThat(e).hasStackTraceContaining(table.obstacle());
    }

    assertThat(records()).isEqualTo(records);
    assertThat(status(table, "overdue")).isEqualTo(table.pending());
    assertThat(status(table, "ahead")).isEqualTo(table.pending());
  }

  /** Runs every remedy as it is printed, and returns what no SQL can fix. */
  private List<Problem> fix(ApprovalsCheck check) {
    for (int round = 0; round < ROUNDS; round++) {
      List<Problem> problems = new ArrayList<>(check.problems());
      if (problems.isEmpty()) {
        problems.addAll(check.guardProblems());
      }
      if (problems.isEmpty()) {
        return List.of();
      }
      boolean settingsOnly = true;
      for (Problem problem : problems) {
        for (String statement : problem.action().split(";\\R", -1)) {
          if (!statement.strip().startsWith("--")) {
            settingsOnly = false;
            database.execute(statement);
          }
        }
      }
      if (settingsOnly) {
        return problems;
      }
    }
    return check.problems();
  }

  private Trial trial(ApprovalsSettings settings) {
    return new Trial(database.service(), table(settings, database.serviceJdbc()), true);
  }

  private static ApprovalsTable table(ApprovalsSettings settings, JdbcClient service) {
    return new ApprovalsCheck(service, settings).table(true);
  }

  private long records() {
    return database.count("SELECT count(*) FROM outbox");
  }

  private String status(AnyTable table, String note) {
    return database.jdbc().sql(table.statusOf(note)).query(String.class).single();
  }
}
