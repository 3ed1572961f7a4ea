package dev.lapse.pause;

import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;

/** The table {@code pause}. Safe for use by several threads and instances. */
public final class Pauses {

  private static final String FIND =
      """
      SELECT reason, since, paused_by AS by, storm
      FROM pause
      WHERE part = :part AND resumed_at IS NULL
      """;

  /** A part that rests already keeps its first reason. */
  private static final String PAUSE =
      """
      INSERT INTO pause (part, reason, storm) VALUES (:part, :reason, :storm)
      ON CONFLICT (part) DO UPDATE SET
        reason = excluded.reason,
        storm = excluded.storm,
        since = excluded.since,
        paused_by = excluded.paused_by,
        resumed_at = NULL
      WHERE pause.resumed_at IS NOT NULL
      """;

  private static final String RESUME =
      "DELETE FROM pause WHERE part = :part AND resumed_at IS NULL AND NOT storm";

  /** Stays, for the guard to see. */
  private static final String CONFIRM =
      "UPDATE pause SET resumed_at = now() WHERE part = :part AND resumed_at IS NULL AND storm";

  private final JdbcClient jdbc;

  public Pauses(JdbcClient jdbc) {
    this.jdbc = jdbc;
  }

  /** Whether the table is there: before the first migration nothing can be paused. */
  public static boolean canBe(JdbcClient jdbc) {
    return jdbc.sql("SELECT to_regclass('pause') IS NOT NULL").query(Boolean.class).single();
  }

  /** Why {@code part} is paused, if it is. */
  public Optional<Pause> find(Part part) {
    return jdbc.sql(FIND).param("part", part.word()).query(Pause.class).optional();
  }

  /** As a person does; returns whether it ran until now. */
  public boolean pause(Part part, String reason) {
    return pause(part, reason, false);
  }

  /** As the storm guard does, before anything of the storm has happened. */
  public void pauseForStorm(Part part, String reason) {
    pause(part, reason, true);
  }

  private boolean pause(Part part, String reason, boolean storm) {
    return jdbc.sql(PAUSE)
            .param("part", part.word())
            .param("reason", reason)
            .param("storm", storm)
            .update()
        > 0;
  }

  /**
   * Returns whether it was paused until now. Where the storm guard had paused it, this confirms the
   * storm; where a person had, it confirms nothing.
   */
  public boolean resume(Part part) {
    return jdbc.sql(RESUME).param("part", part.word()).update() > 0
        || jdbc.sql(CONFIRM).param("part", part.word()).update() > 0;
  }
}
