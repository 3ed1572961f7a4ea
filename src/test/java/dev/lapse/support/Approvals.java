package dev.lapse.support;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Approvals as an application writes and decides them. */
public final class Approvals {

  private final JdbcClient jdbc;

  public Approvals(TestDatabase database) {
    this(database.jdbc());
  }

  public Approvals(JdbcClient jdbc) {
    this.jdbc = jdbc;
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

  /** Pending, with deadlines spread evenly over the next {@code window}, in their order. */
  public List<UUID> insertSpread(int count, Duration window) {
    return jdbc.sql(
            """
            INSERT INTO ai_approvals (requested_by, action, expires_at)
            SELECT 'agent', 'deploy', now() + n * :step * interval '1 us'
            FROM generate_series(1, :count) n ORDER BY n
            RETURNING id
            """)
        .param("step", window.dividedBy(count).toNanos() / 1000)
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

  /** What a row says at the moment, and whether its deadline has passed. */
  public record Approval(UUID id, String status, int version, boolean due) {}

  public List<Approval> all() {
    return jdbc.sql(
            "SELECT id, status, version, expires_at < clock_timestamp() AS due FROM ai_approvals")
        .query(Approval.class)
        .list();
  }

  /**
   * Decides as an application should: in one statement that looks at status and deadline.
   *
   * @param session commits it, or rolls it back
   * @return whether it was in time
   */
  public static boolean decide(Connection session, UUID id, String status) {
    return changed(
        session,
        """
        UPDATE ai_approvals SET status = ?, version = version + 1, decided_by = 'approver'
        WHERE id = ?::uuid AND status = 'pending' AND expires_at > clock_timestamp()
        """,
        status,
        id);
  }

  /** Carries out what was approved. */
  public static boolean execute(Connection session, UUID id) {
    return changed(
        session,
        """
        UPDATE ai_approvals
        SET status = ?, version = version + 1, executed_at = clock_timestamp()
        WHERE id = ?::uuid AND status = 'approved'
        """,
        "executed",
        id);
  }

  /** Moves the deadline to {@code interval} from now on. */
  public static boolean extend(Connection session, UUID id, String interval) {
    return changed(
        session,
        """
        UPDATE ai_approvals
        SET expires_at = clock_timestamp() + ?::interval, version = version + 1
        WHERE id = ?::uuid AND status = 'pending' AND expires_at > clock_timestamp()
        """,
        interval,
        id);
  }

  private static boolean changed(Connection session, String sql, String value, UUID id) {
    try (PreparedStatement statement = session.prepareStatement(sql)) {
      statement.setString(1, value);
      statement.setObject(2, id);
      return statement.executeUpdate() == 1;
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }
}
