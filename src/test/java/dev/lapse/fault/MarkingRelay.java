package dev.lapse.fault;

import dev.lapse.fault.History.OutboxRow;
import dev.lapse.loop.Step;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * A control: sends what is not marked, and marks it. It loses nothing, and each time that it dies
 * between the two it publishes everything again.
 */
final class MarkingRelay implements Step {

  private static final int PAGE = 500;

  private final JdbcClient jdbc;
  private final PlainPublisher publisher;
  private final Random random;

  MarkingRelay(JdbcClient jdbc, PlainPublisher publisher, Random random) {
    this.jdbc = jdbc;
    this.publisher = publisher;
    this.random = random;
    jdbc.sql("CREATE TABLE published (id bigint PRIMARY KEY)").update();
  }

  @Override
  public Duration runOnce() {
    List<OutboxRow> page =
        jdbc.sql(
                """
                SELECT id, event_id::text, type, key, payload::text FROM outbox
                WHERE NOT EXISTS (SELECT FROM published WHERE published.id = outbox.id)
                ORDER BY id
                LIMIT :limit
                """)
            .param("limit", PAGE)
            .query((row, n) -> Histories.outboxRow(row))
            .list();
    page.forEach(publisher::send);
    publisher.flush();
    boolean dies = random.nextInt(10) == 0;
    if (!page.isEmpty() && !dies) {
      jdbc.sql("INSERT INTO published SELECT unnest(:ids)")
          .param("ids", page.stream().map(OutboxRow::id).toArray(Long[]::new))
          .update();
    }
    return Duration.ofMillis(5);
  }
}
