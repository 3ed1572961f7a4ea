package dev.lapse.fault;

import dev.lapse.loop.Step;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.springframework.dao.DataIntegrityViolationException;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * The control of expiring, and what Lapse replaces: it looks, and then writes without looking
 * again.
 */
public final class OldCron implements Step {

  private final JdbcClient jdbc;
  private long refused;

  public OldCron(JdbcClient jdbc) {
    this.jdbc = jdbc;
  }

  /** Callable from any thread. */
  public long expire() {
    List<UUID> due =
        jdbc.sql("SELECT id FROM ai_approvals WHERE status = 'pending' AND expires_at < now()")
            .query(UUID.class)
            .list();
    due.forEach(this::expire);
    return due.size();
  }

  private void expire(UUID id) {
    try {
      jdbc.sql("UPDATE ai_approvals SET status = 'expired' WHERE id = :id")
          .param("id", id)
          .update();
    } catch (DataIntegrityViolationException e) {
      countRefused();
    }
  }

  private synchronized void countRefused() {
    refused++;
  }

  /** Expiries that the guard refused. */
  public synchronized long refused() {
    return refused;
  }

  @Override
  public Duration runOnce() {
    expire();
    return Duration.ofMillis(5);
  }
}
