package dev.lapse.demo;

import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Agents that ask for approval: some long before the deadline, two every second shortly before it,
 * and now and then many whose deadlines fall together. The database's clock stamps them.
 */
final class Seeder {

  private static final int PER_SECOND = 2;
  private static final int BURST = 30;
  private static final int SECONDS_BETWEEN_BURSTS = 10;

  private static final String ASK =
      """
      INSERT INTO ai_approvals (requested_by, action, expires_at)
      SELECT 'agent-' || n % 10, 'deploy',
             clock_timestamp() + :from * interval '1 ms' + random() * :spread * interval '1 ms'
      FROM generate_series(1, :count) n
      RETURNING id, expires_at
      """;

  private final ScheduledExecutorService clock =
      Executors.newSingleThreadScheduledExecutor(task -> new Thread(task, "seeder"));
  private final JdbcClient jdbc;
  private final BiConsumer<UUID, Instant> asked;
  private final long seconds;
  private long second;
  private volatile @Nullable RuntimeException failure;

  /**
   * @param length how long approvals keep falling due
   * @param asked told of every approval and its deadline
   */
  Seeder(JdbcClient jdbc, Duration length, BiConsumer<UUID, Instant> asked) {
    this.jdbc = jdbc;
    this.asked = asked;
    this.seconds = Math.max(1, length.toSeconds());
  }

  void start() {
    ask(Math.toIntExact(Math.min(500, seconds / 2)), Duration.ZERO, Duration.ofSeconds(seconds));
    var unused = clock.scheduleAtFixedRate(this::askAgain, 0, 1, TimeUnit.SECONDS);
  }

  private void askAgain() {
    try {
      ask(PER_SECOND, Duration.ofMillis(500), Duration.ofSeconds(1));
      if (second % SECONDS_BETWEEN_BURSTS == 3) {
        ask(BURST, Duration.ofSeconds(2), Duration.ofMillis(20));
      }
      if (++second >= seconds) {
        clock.shutdown();
      }
    } catch (RuntimeException e) {
      failure = e;
      clock.shutdown();
    }
  }

  private void ask(int count, Duration from, Duration spread) {
    jdbc.sql(ASK)
        .param("count", count)
        .param("from", from.toMillis())
        .param("spread", spread.toMillis())
        .query(
            row -> {
              asked.accept(
                  row.getObject("id", UUID.class),
                  row.getObject("expires_at", OffsetDateTime.class).toInstant());
            });
  }

  /** Whether all approvals have been asked for. */
  boolean isDone() {
    if (failure != null) {
      throw failure;
    }
    return clock.isTerminated();
  }

  /** Returns when nobody asks any more. */
  void end() throws InterruptedException {
    clock.shutdownNow();
    if (!clock.awaitTermination(5, TimeUnit.SECONDS)) {
      throw new IllegalStateException("the seeder does not end");
    }
  }
}
