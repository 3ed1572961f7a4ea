package dev.lapse.deadline;

import java.sql.Timestamp;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * How most write it: a job that looks for what is due soon, and then sends for each what it has not
 * sent yet. The control of {@link LadderRaceIT}.
 */
final class ReminderCron {

  private static final String DUE_SOON =
      """
      SELECT id::text AS id, expires_at FROM ai_approvals
      WHERE status = 'pending' AND expires_at > now() AND expires_at <= now() + interval '1 min'
      """;

  private static final String SEND =
      """
      INSERT INTO outbox (type, key, payload)
      VALUES ('ApprovalExpiring', :id,
              json_build_object('approvalId', :id::text, 'expiresAt', :expiresAt::timestamptz))
      """;

  private final JdbcClient jdbc;
  private final Set<String> sent = ConcurrentHashMap.newKeySet();

  ReminderCron(JdbcClient jdbc) {
    this.jdbc = jdbc;
  }

  void run() {
    for (Due due : jdbc.sql(DUE_SOON).query(Due.class).list()) {
      if (sent.add(due.id())) {
        jdbc.sql(SEND).param("id", due.id()).param("expiresAt", due.expiresAt()).update();
      }
    }
  }

  private record Due(String id, Timestamp expiresAt) {}
}
