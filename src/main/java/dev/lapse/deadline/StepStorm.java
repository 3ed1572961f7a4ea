package dev.lapse.deadline;

import dev.lapse.expiration.ExpirationSettings;
import dev.lapse.pause.Part;
import dev.lapse.pause.Pauses;
import java.util.Map;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * The mass-expiry protection, for steps: where more are due at once than a number and a share of
 * all that are armed, as after a mistake with the deadlines, the ladder is paused until a person
 * confirms it.
 */
final class StepStorm {

  static final String ASK =
      """
      SELECT EXISTS (
               SELECT FROM next_step
               WHERE ladder = ${ladder_id} AND fire_at <= now()
               ORDER BY fire_at, approval_id
               OFFSET :maxDue LIMIT 1) AS many,
             EXISTS (SELECT FROM pause WHERE part = 'ladder' AND resumed_at IS NOT NULL) AS confirmed
      """;

  /** Counts no more of what is armed than tells whether the share is exceeded. */
  private static final String MEASURE =
      """
      WITH due AS MATERIALIZED (
        SELECT count(*) AS count FROM next_step WHERE ladder = ${ladder_id} AND fire_at <= now()
      )
      SELECT due.count AS due,
             (SELECT count(*) FROM (
                SELECT FROM next_step WHERE ladder = ${ladder_id}
                LIMIT (SELECT ceil(count / :maxShare)::bigint + 1 FROM due)) few) AS armed
      FROM due
      """;

  private static final String OVER =
      "DELETE FROM pause WHERE part = 'ladder' AND resumed_at IS NOT NULL";

  private final JdbcClient jdbc;
  private final Pauses pauses;
  private final ExpirationSettings.StormGuard settings;
  private final String ask;
  private final String measure;

  /**
   * @param words of the ladder
   */
  StepStorm(JdbcClient jdbc, Map<String, String> words, ExpirationSettings.StormGuard settings) {
    this.jdbc = jdbc;
    this.pauses = new Pauses(jdbc);
    this.settings = settings;
    this.ask = ASK.replace("${ladder_id}", words.get("ladder_id"));
    this.measure = MEASURE.replace("${ladder_id}", words.get("ladder_id"));
  }

  /** Pauses the ladder if a storm breaks; to be asked before each batch. */
  void look() {
    if (!settings.enabled()) {
      return;
    }
    Answer answer = jdbc.sql(ask).param("maxDue", settings.maxDue()).query(Answer.class).single();
    if (!answer.many() && answer.confirmed()) {
      jdbc.sql(OVER).update();
    }
    if (answer.many() && !answer.confirmed()) {
      Size size =
          jdbc.sql(measure).param("maxShare", settings.maxShare()).query(Size.class).single();
      if (size.due() > settings.maxDue() && size.due() >= size.armed() * settings.maxShare()) {
        pauses.pauseForStorm(
            Part.LADDER,
            "mass-expiry protection: %d of %d pending approvals would be announced at once"
                .formatted(size.due(), size.armed()));
      }
    }
  }

  private record Answer(boolean many, boolean confirmed) {}

  private record Size(long due, long armed) {}
}
