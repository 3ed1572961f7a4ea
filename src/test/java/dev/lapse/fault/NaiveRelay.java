package dev.lapse.fault;

import dev.lapse.fault.History.OutboxRow;
import dev.lapse.loop.Step;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * A control, and the relay that everybody writes first: what has a higher id than the last is new.
 * It loses what commits late. If the checker found no fault with it, the checker would be worth
 * nothing.
 */
public final class NaiveRelay implements Step {

  private final JdbcClient jdbc;
  private final Consumer<OutboxRow> publish;
  private long lastId;

  public NaiveRelay(JdbcClient jdbc, Consumer<OutboxRow> publish) {
    this.jdbc = jdbc;
    this.publish = publish;
  }

  @Override
  public Duration runOnce() {
    List<OutboxRow> page =
        jdbc.sql(
                """
                SELECT id, event_id::text, type, key, payload::text, occurred_at FROM outbox
                WHERE id > :last ORDER BY id
                """)
            .param("last", lastId)
            .query((row, n) -> Histories.outboxRow(row))
            .list();
    for (OutboxRow row : page) {
      publish.accept(row);
      lastId = row.id();
    }
    return Duration.ofMillis(5);
  }
}
