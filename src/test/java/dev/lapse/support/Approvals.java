package dev.lapse.support;

import java.util.List;
import java.util.UUID;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Approvals as an application writes and decides them. */
public final class Approvals {

  private final JdbcClient jdbc;

  public Approvals(TestDatabase database) {
    this.jdbc = database.jdbc();
  }

  /** Pending, their deadlines one second past and a microsecond apart. */
  public List<UUID> due(int count) {
    return insert(count, "-1 second");
  }

  /** Pending, their deadlines an hour away. */
  public List<UUID> notDue(int count) {
    return insert(count, "1 hour");
  }

  /** Pending, with deadlines from {@code interval} from now on, a microsecond apart. */
  public List<UUID> insert(int count, String interval) {
    return jdbc.sql(
            """
            INSERT INTO ai_approvals (requested_by, action, expires_at)
            SELECT 'agent-' || n % 10, 'deploy', now() + :interval::interval + n * interval '1 us'
            FROM generate_series(1, :count) n
            RETURNING id
            """)
        .param("interval", interval)
        .param("count", count)
        .query(UUID.class)
        .list();
  }

  public UUID due() {
    return due(1).get(0);
  }

  public String status(UUID id) {
    return jdbc.sql("SELECT status FROM ai_approvals WHERE id = :id")
        .param("id", id)
        .query(String.class)
        .single();
  }
}
