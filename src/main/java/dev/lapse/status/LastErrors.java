package dev.lapse.status;

import dev.lapse.loop.Failure;
import dev.lapse.loop.Looping;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.sql.Timestamp;
import java.util.HashMap;
import java.util.Map;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Keeps what went wrong last in the table {@code last_error}, for {@code lapse status}. An error
 * that took the database away is kept once it is back. Used by the watch's thread alone.
 */
public final class LastErrors {

  private static final String KEEP =
      """
      INSERT INTO last_error (loop, instance, reason, failed_at)
      VALUES (:loop, :instance, :reason, least(:failedAt, now()))
      ON CONFLICT (loop) DO UPDATE SET
        instance = excluded.instance,
        reason = excluded.reason,
        failed_at = excluded.failed_at
      -- Of several instances, whatever happened last.
      WHERE last_error.failed_at < excluded.failed_at
      """;

  private final JdbcClient jdbc;
  private final Map<String, Failure> kept = new HashMap<>();

  public LastErrors(JdbcClient jdbc) {
    this.jdbc = jdbc;
  }

  void keep(Looping looping, Failure failure) {
    if (failure.equals(kept.get(looping.loop().name()))) {
      return;
    }
    int written =
        jdbc.sql(KEEP)
            .param("loop", looping.loop().name())
            .param("instance", instance())
            .param("reason", failure.reason())
            .param("failedAt", Timestamp.from(failure.at()))
            .update();
    if (written > 0) { // or a later one of another instance is there, perhaps by a clock ahead
      kept.put(looping.loop().name(), failure);
    }
  }

  /** Not before it is needed: to look up the own name may take seconds. */
  private static String instance() {
    String process = ", process " + ProcessHandle.current().pid();
    try {
      return InetAddress.getLocalHost().getHostName() + process;
    } catch (UnknownHostException e) {
      return "unknown host" + process;
    }
  }
}
