package dev.lapse.deadline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lapse.expiration.Sweep;
import dev.lapse.expiration.SweepForTests;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.RepeatedTest;

/** Extensions against sweeps, at the deadlines: what is acknowledged as moved does not expire. */
class ExtensionRaceIT {

  private static final int APPROVALS = 500;
  private static final int ROUNDS = 10;

  private final DeadlineWorld world = DeadlineWorld.standard();

  @AfterEach
  void close() {
    world.close();
  }

  @RepeatedTest(3)
  void whatIsAcknowledgedBeforeTheExpiryStands() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(2);
    Extension extension = world.extension();
    CountDownLatch over = new CountDownLatch(1);
    List<Future<?>> sweeps = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      Sweep sweep = SweepForTests.of(world.service, 20);
      sweeps.add(
          threads.submit(
              () -> {
                while (over.getCount() > 0) {
                  sweep.run();
                }
              }));
    }
    try {
      long moved = 0;
      long all = 0;
      // Both must come first at times, or it is no race: on a slow machine that takes rounds.
      for (int round = 0; round < ROUNDS && (moved == 0 || moved == all); round++) {
        moved += round(extension);
        all += APPROVALS;
      }
      over.countDown();
      for (Future<?> sweep : sweeps) {
        sweep.get();
      }

      assertThat(moved).isPositive().isLessThan(all);
      assertThat(world.strings("SELECT count(*)::text FROM deadline_move"))
          .containsExactly(Long.toString(moved));
      assertThat(
              world.strings(
                  """
                  SELECT status || ' ' || count(*)
                  FROM ai_approvals JOIN deadline_move ON approval_id = ai_approvals.id::text
                  GROUP BY status
                  """))
          .as("of those that moved")
          .containsExactly("pending " + moved);
      assertThat(world.strings("SELECT count(*)::text FROM outbox WHERE type = 'ApprovalExpired'"))
          .containsExactly(Long.toString(all - moved));
    } finally {
      over.countDown();
      threads.shutdownNow();
    }
  }

  /** Returns how many were acknowledged as moved. */
  private long round(Extension extension) {
    world.database.execute(
        """
        INSERT INTO ai_approvals (requested_by, action, expires_at)
        SELECT 'agent', 'deploy', clock_timestamp() + interval '300 ms' + n * interval '4 ms'
        FROM generate_series(1, %d) n
        """
            .formatted(APPROVALS));
    long moved = 0;
    // A little at a time, so that each comes close to a deadline.
    while (pendingSoon() > 0) {
      moved +=
          extension
              .run(
                  new ExtensionRequest(
                      List.of(),
                      Duration.ofMillis(15),
                      false,
                      Map.of(),
                      Duration.ofHours(1),
                      null,
                      "race",
                      APPROVALS,
                      "tester"),
                  new CountDownLatch(1),
                  count -> {})
              .moved();
    }
    return moved;
  }

  private long pendingSoon() {
    return world.database.count(
        "SELECT count(*) FROM ai_approvals"
            + " WHERE status = 'pending' AND expires_at < now() + interval '10 minutes'");
  }
}
