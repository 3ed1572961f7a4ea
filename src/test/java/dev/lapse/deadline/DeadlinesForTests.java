package dev.lapse.deadline;

import dev.lapse.approvals.ApprovalsTable;
import dev.lapse.approvals.OptIn;
import dev.lapse.deadline.DeadlineSettings.Deadlines;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.springframework.jdbc.core.simple.JdbcClient;

/** What this package adds to the standard table, for tests of others. */
public final class DeadlinesForTests {

  private DeadlinesForTests() {}

  public static OptIn ladder(List<String> rungs) {
    Ladder ladder = Ladder.of(rungs);
    return new OptIn("ladder", "lapse.ladder", "", !ladder.isEmpty(), ladder.words());
  }

  /** Without limits. */
  public static OptIn moves() {
    return DeadlineConfiguration.moves(new Deadlines(true, null, null));
  }

  /** As {@code lapse extend ID --by} does; whether it moved. */
  public static boolean extend(JdbcClient jdbc, String approval, Duration by) {
    ExtensionRequest request =
        new ExtensionRequest(
            List.of(approval), null, false, Map.of(), by, null, "more time", 1, "approver");
    return new Extension(jdbc, ApprovalsTable.standard())
            .run(request, new CountDownLatch(1), moved -> {})
            .moved()
        > 0;
  }
}
