package dev.lapse.deadline;

import dev.lapse.loop.Step;
import java.sql.Timestamp;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * How most write it: a job that looks for what is due soon, and then sends for each what it has not
 * sent yet. The control of whoever tests reminders.
 */
public final class ReminderCron implements Step {

  private static final String DUE_SOON =
      """
      SELECT id::text AS id, version, expires_at FROM ai_approvals
      WHERE status = 'pending' AND expires_at > now() AND expires_at <= now() + :before::interval
      """;

  private static final String SEND =
      """
      INSERT INTO outbox (type, key, payload)
      SELECT 'ApprovalExpiring', :id, json_build_object(
        'approvalId', :id::text, 'version', :version::int, 'step', :step::text, 'collapsed', '{}'::text[],
        'expiresAt', to_char(due, iso), 'scheduledAt', to_char(due - :before::interval, iso),
        'firedAt', to_char(clock_timestamp() AT TIME ZONE 'UTC', iso))
      FROM (SELECT :expiresAt::timestamptz AT TIME ZONE 'UTC' AS due,
                   'YYYY-MM-DD"T"HH24:MI:SS.US"Z"' AS iso) times
      """;

  private final JdbcClient jdbc;
  private final String step;
  private final Set<String> sent = ConcurrentHashMap.newKeySet();

  /**
   * @param step how long before the deadline, as the ladder has it
   */
  public ReminderCron(JdbcClient jdbc, String step) {
    this.jdbc = jdbc;
    this.step = step;
  }

  void run() {
    for (Due due : jdbc.sql(DUE_SOON).param("before", step).query(Due.class).list()) {
      if (sent.add(due.id())) {
        jdbc.sql(SEND)
            .param("id", due.id())
            .param("version", due.version())
            .param("step", step)
            .param("before", step)
            .param("expiresAt", due.expiresAt())
            .update();
      }
    }
  }

  @Override
  public Duration runOnce() {
    run();
    return Duration.ofMillis(5);
  }

  private record Due(String id, int version, Timestamp expiresAt) {}
}
