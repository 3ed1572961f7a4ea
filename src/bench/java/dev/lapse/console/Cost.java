package dev.lapse.console;

import dev.lapse.support.Approvals;
import dev.lapse.support.TestDatabase;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/**
 * What an open console costs the database, beside everything else switched off. Argument: rows of
 * the outbox; a hundredth of that is pending.
 */
public final class Cost {

  private static final Duration SPAN = Duration.ofSeconds(30);

  /** Sessions report what they have done within ten seconds. */
  private static final Duration LAG = Duration.ofSeconds(12);

  private static final String COUNTERS =
      """
      SELECT xact_commit + xact_rollback AS statements, active_time, blks_read, blks_hit,
             (SELECT sum(seq_tup_read)::bigint FROM pg_stat_user_tables
              WHERE relname IN ('outbox', 'ai_approvals')) AS scanned,
             (SELECT sum(idx_tup_fetch)::bigint FROM pg_stat_user_tables
              WHERE relname IN ('outbox', 'ai_approvals')) AS by_index
      FROM pg_stat_database WHERE datname = current_database()
      """;

  private Cost() {}

  public static void main(String[] args) throws Exception {
    long rows = Long.parseLong(args[0]);
    try (TestDatabase database = TestDatabase.migrated()) {
      fill(database, rows);
      try (TestDatabase maintenance = TestDatabase.maintenance();
          RunningService service =
              RunningService.start(
                  database,
                  "lapse.expiration.enabled=false",
                  "lapse.relay.enabled=false",
                  "lapse.retention.enabled=false",
                  "lapse.watch.enabled=false",
                  "lapse.console.pace=2s")) {
        for (int viewers : List.of(0, 1, 100)) {
          TimeUnit.MILLISECONDS.sleep(LAG.toMillis());
          Map<String, Object> before = counters(database);
          view(service, viewers);
          TimeUnit.MILLISECONDS.sleep(LAG.toMillis());
          Map<String, Object> after = counters(database);
          System.out.printf("%,d rows, %d viewers, each second:%n", rows, viewers);
          for (String counter : before.keySet()) {
            double change =
                ((Number) after.get(counter)).doubleValue()
                    - ((Number) before.get(counter)).doubleValue();
            System.out.printf("  %s %.1f%n", counter, change / SPAN.toSeconds());
          }
        }
      }
    }
    System.exit(0);
  }

  private static void fill(TestDatabase database, long rows) {
    database.execute(
        """
        ALTER TABLE outbox DROP CONSTRAINT outbox_type, DROP CONSTRAINT outbox_payload;
        INSERT INTO outbox (type, key, payload, occurred_at)
        SELECT 'ApprovalExpired', n::text, '{"filler": "%s"}', now() - interval '1 day'
        FROM generate_series(1, %d) n;
        """
            .formatted("x".repeat(150), rows));
    new Approvals(database).notDue((int) (rows / 100));
    database.execute("VACUUM ANALYZE");
  }

  private static Map<String, Object> counters(TestDatabase database) {
    return database.jdbc().sql(COUNTERS).query().singleRow();
  }

  /** As pages do, each every two seconds. */
  private static void view(RunningService service, int viewers) throws Exception {
    long end = System.nanoTime() + SPAN.toNanos();
    ExecutorService threads = Executors.newFixedThreadPool(Math.max(1, viewers));
    CountDownLatch ended = new CountDownLatch(viewers);
    IntStream.range(0, viewers)
        .forEach(
            viewer ->
                threads.execute(
                    () -> {
                      try {
                        while (System.nanoTime() < end) {
                          service.get("/console/frame?since=0");
                          TimeUnit.SECONDS.sleep(2);
                        }
                      } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                      } finally {
                        ended.countDown();
                      }
                    }));
    if (viewers == 0) {
      TimeUnit.SECONDS.sleep(SPAN.toSeconds());
    }
    ended.await();
    threads.shutdownNow();
  }
}
