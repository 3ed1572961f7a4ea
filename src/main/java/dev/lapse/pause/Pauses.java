package dev.lapse.pause;

import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;

/** The table {@code pause}. Safe for use by several threads and instances. */
public final class Pauses {

  private static final String FIND =
      """
      SELECT reason, since, paused_by AS by FROM pause WHERE part = :part AND resumed_at IS NULL
      """;

  /** A part that rests already keeps its first reason. */
  private static final String PAUSE =
      """
      INSERT INTO pause (part, reason) VALUES (:part, :reason)
      ON CONFLICT (part) DO UPDATE SET
        reason = excluded.reason,
        since = excluded.since,
        paused_by = excluded.paused_by,
        resumed_at = NULL
      WHERE pause.resumed_at IS NOT NULL
      """;

  private static final String RESUME =
      "UPDATE pause SET resumed_at = now() WHERE part = :part AND resumed_at IS NULL";

  private final JdbcClient jdbc;

  public Pauses(JdbcClient jdbc) {
    this.jdbc = jdbc;
  }

  /** Why {@code part} is paused, if it is. */
  public Optional<Pause> find(Part part) {
    return jdbc.sql(FIND).param("part", part.word()).query(Pause.class).optional();
  }

  /** Returns whether it ran until now. */
  public boolean pause(Part part, String reason) {
    return jdbc.sql(PAUSE).param("part", part.word()).param("reason", reason).update() > 0;
  }

  /** Returns whether it was paused until now. For the storm guard this is a confirmation. */
  public boolean resume(Part part) {
    return jdbc.sql(RESUME).param("part", part.word()).update() > 0;
  }
}
