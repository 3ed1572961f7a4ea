package dev.lapse.decision;

import dev.lapse.loop.Loop;
import dev.lapse.loop.Looping;
import dev.lapse.loop.Step;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Counts what {@code decide_approval} has noted as late, each row on one instance, and deletes what
 * is old. It waits for no writer, and none waits for it.
 */
public final class LateDecisions implements Looping, Step {

  /** Rows a statement; with the pause, some 100 a second of each. */
  private static final int BATCH = 1000;

  private static final int MOST_ROWS = 1_000_000;

  private static final Duration PAUSE = Duration.ofSeconds(10);

  /** The instance that marks a row is the one to count it. A crash between loses the count. */
  private static final String COUNT =
      """
      UPDATE late_decision SET counted = true
      WHERE id = ANY (ARRAY(
        SELECT id FROM late_decision WHERE NOT counted
        ORDER BY id LIMIT :batch
        FOR NO KEY UPDATE SKIP LOCKED))
      RETURNING (extract(epoch FROM late) * 1000000)::bigint
      """;

  /** Looks at the first rows only: where those are to stay, so are the others. */
  private static final String PURGE =
      """
      DELETE FROM late_decision
      WHERE id = ANY (ARRAY(
        SELECT id FROM (
          SELECT id, at FROM late_decision ORDER BY id LIMIT :batch FOR UPDATE SKIP LOCKED
        ) oldest
        WHERE at < clock_timestamp() - make_interval(secs => :keepSeconds)
           OR id <= (SELECT max(id) FROM late_decision) - :most))
      """;

  private final JdbcClient jdbc;
  private final Duration keep;
  private final LateDecisionListener listener;
  private final Loop loop = new Loop("decisions", this);

  /**
   * @param keep how long rows stay
   */
  LateDecisions(JdbcClient jdbc, Duration keep, LateDecisionListener listener) {
    this.jdbc = jdbc;
    this.keep = keep;
    this.listener = listener;
  }

  @Override
  public Duration runOnce() {
    // Of one that came in time, but second, nothing is late.
    List<Optional<Long>> micros =
        jdbc.sql(COUNT)
            .param("batch", BATCH)
            .query((row, number) -> Optional.ofNullable(row.getObject(1, Long.class)))
            .list();
    micros.forEach(one -> one.ifPresent(m -> listener.late(Duration.of(m, ChronoUnit.MICROS))));
    jdbc.sql(PURGE)
        .param("batch", BATCH)
        .param("keepSeconds", (double) keep.toSeconds())
        .param("most", MOST_ROWS)
        .update();
    return PAUSE;
  }

  @Override
  public Loop loop() {
    return loop;
  }
}
