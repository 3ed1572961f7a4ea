package dev.lapse.outbox;

import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.json.JsonMapper;

/**
 * The dead letters as a table, for people to see and to ask for another try. What counts is the
 * position that the relay keeps in Kafka; the relay makes this table agree with it.
 */
public final class DeadLetters {

  private static final String LIST =
      """
      SELECT relay, id, type, reason, refused_at, requeued_at FROM dead_letter ORDER BY id
      """;

  private static final String REQUEUE =
      """
      UPDATE dead_letter SET requeued_at = now()
      WHERE requeued_at IS NULL AND (id = ANY (:ids) OR :all)
      """;

  private static final String ABSENT =
      """
      SELECT wanted.id FROM unnest(:ids) AS wanted(id)
      WHERE NOT EXISTS (SELECT FROM dead_letter WHERE dead_letter.id = wanted.id)
      ORDER BY wanted.id
      """;

  private static final String REQUEUED =
      "SELECT key FROM dead_letter WHERE relay = :relay AND requeued_at IS NOT NULL";

  /**
   * A request for another try is kept as long as the letter is the same; one that was refused anew
   * has had it. Where the table agrees, nothing is written and no row locked.
   */
  private static final String REPLACE =
      """
      WITH present AS MATERIALIZED (
        SELECT key, id, "eventId"::uuid AS event_id, type, reason, "refusedAt" AS refused_at
        FROM jsonb_to_recordset(:letters::jsonb) AS letter(
          key text, id bigint, "eventId" text, type text, reason text, "refusedAt" timestamptz)
      ),
      gone AS (
        DELETE FROM dead_letter
        WHERE relay = :relay AND key NOT IN (SELECT key FROM present)
      )
      INSERT INTO dead_letter (relay, key, id, event_id, type, reason, refused_at)
      SELECT :relay, key, id, event_id, type, reason, refused_at FROM present
      WHERE NOT EXISTS (
        SELECT FROM dead_letter same
        WHERE same.relay = :relay AND same.key = present.key
          AND same.event_id = present.event_id AND same.refused_at = present.refused_at)
      ON CONFLICT (relay, key_sha256) DO UPDATE SET
        id = excluded.id,
        event_id = excluded.event_id,
        type = excluded.type,
        reason = excluded.reason,
        refused_at = excluded.refused_at,
        requeued_at = NULL
      """;

  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final JdbcClient jdbc;

  public DeadLetters(JdbcClient jdbc) {
    this.jdbc = jdbc;
  }

  /** For the relay, which publishes nothing meanwhile: each statement is given up soon. */
  public static DeadLetters brisk(DataSource dataSource, Duration patience) {
    JdbcTemplate brisk = new JdbcTemplate(dataSource);
    brisk.setQueryTimeout((int) patience.toSeconds());
    return new DeadLetters(JdbcClient.create(brisk));
  }

  /** All, by their place in the log. */
  public List<Row> list() {
    return jdbc.sql(LIST).query(Row.class).list();
  }

  /**
   * Asks the relay to try these again, and then whatever waits behind them.
   *
   * @param ids places in the log; null for all
   * @return how many were not asked for already
   */
  public int requeue(@Nullable Collection<Long> ids) {
    return jdbc.sql(REQUEUE)
        .param("ids", ids == null ? new Long[0] : ids.toArray(Long[]::new))
        .param("all", ids == null)
        .update();
  }

  /** Those of {@code ids} at which there is no dead letter. */
  public List<Long> absent(Collection<Long> ids) {
    return jdbc.sql(ABSENT).param("ids", ids.toArray(Long[]::new)).query(Long.class).list();
  }

  /** The keys whose dead letters somebody wants tried again. */
  public Set<String> requeued(String relay) {
    return Set.copyOf(jdbc.sql(REQUEUED).param("relay", relay).query(String.class).list());
  }

  /** Makes the table hold {@code letters} and no others of the relay; writes what differs only. */
  public void replace(String relay, List<DeadLetter> letters) {
    jdbc.sql(REPLACE)
        .param("relay", relay)
        .param("letters", JSON.writeValueAsString(letters))
        .update();
  }

  /**
   * A dead letter as people see it; the key stays in the table.
   *
   * @param requeuedAt when somebody asked for another try that has not been made yet
   */
  public record Row(
      String relay,
      long id,
      String type,
      String reason,
      OffsetDateTime refusedAt,
      @Nullable OffsetDateTime requeuedAt) {}
}
