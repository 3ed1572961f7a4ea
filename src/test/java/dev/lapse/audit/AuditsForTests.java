package dev.lapse.audit;

import dev.lapse.approvals.ApprovalsTable;
import dev.lapse.support.TestDatabase;
import java.time.Duration;
import java.util.List;

/** The audit, for tests of other packages. */
public final class AuditsForTests {

  private AuditsForTests() {}

  /** What does not hold, in words. */
  public static List<String> broken(TestDatabase database, ApprovalsTable table) {
    return new Audit(database.dataSource(), table, Duration.ofMinutes(1), Duration.ofMinutes(1))
        .run().stream().filter(finding -> !finding.holds()).map(Finding::toString).toList();
  }
}
