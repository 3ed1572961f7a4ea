package dev.lapse.support;

import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

/** The outbox as an application writes to it. */
public final class Outbox {

  private final JdbcClient jdbc;

  public Outbox(TestDatabase database) {
    this.jdbc = database.jdbc();
  }

  /** Appends events of one key, numbered in their payload. */
  public List<UUID> append(int count, String key) {
    return append(count, key, null);
  }

  /** Appends events of one key, for a topic that the rows name. */
  public List<UUID> append(int count, String key, @Nullable String topic) {
    return jdbc.sql(
            """
            INSERT INTO outbox (type, topic, key, payload)
            SELECT 'Noted', :topic, :key, json_build_object('number', n)
            FROM generate_series(1, :count) n ORDER BY n
            RETURNING event_id
            """)
        .param("topic", topic)
        .param("key", key)
        .param("count", count)
        .query(UUID.class)
        .list();
  }

  public UUID append(String key) {
    return append(1, key).get(0);
  }

  /** Every committed event's id, in the order of the log. */
  public List<String> eventIds() {
    return jdbc.sql("SELECT event_id::text FROM outbox ORDER BY id").query(String.class).list();
  }
}
