package dev.lapse.fault;

import dev.lapse.fault.History.OutboxRow;
import dev.lapse.loop.Step;
import java.time.Duration;
import java.util.List;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * A control: sends what is not marked, and marks it. It loses nothing, and each time that it dies
 * between the two it publishes everything again.
 */
final class MarkingRelay implements Step {

  private static final int PAGE = 500;

  /** Pages that are sent and, the last of them, not marked. */
  private static final int DIES_EVERY = 10;

  private final JdbcClient jdbc;
  private final PlainPublisher publisher;
  private int pages;

  MarkingRelay(JdbcClient jdbc, PlainPublisher publisher) {
    this.jdbc = jdbc;
    this.publisher = publisher;
    jdbc.sql("CREATE TABLE published (id bigint PRIMARY KEY)").update();
  }

  @Override
  public Duration runOnce() {
    List<OutboxRow> page =
        jdbc.sql(
                """
                SELECT id, event_id::text, type, key, payload::text, occurred_at FROM outbox
                WHERE NOT EXISTS (SELECT FROM published WHERE published.id = outbox.id)
                ORDER BY id
                LIMIT :limit
                """)
            .param("limit", PAGE)
            .query((row, n) -> Histories.outboxRow(row))
            .list();
    page.forEach(publisher::send);
    publisher.flush();
    if (!page.isEmpty() && ++pages % DIES_EVERY != 0) {
      jdbc.sql("INSERT INTO published SELECT unnest(:ids)")
          .param("ids", page.stream().map(OutboxRow::id).toArray(Long[]::new))
          .update();
    }
    return Duration.ofMillis(5);
  }
}
