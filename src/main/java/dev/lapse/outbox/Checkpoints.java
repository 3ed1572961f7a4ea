package dev.lapse.outbox;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/** The relay's checkpoint row: a copy of the position that travels with the database. */
public final class Checkpoints {

  private static final String FIND =
      """
      SELECT published_id, snapshot::text, catch_up_snapshot::text, catch_up_id, dead_letters,
             system_identifier, timeline, lsn, written_lsn
      FROM relay_checkpoint
      WHERE relay = :relay
      """;

  /** With expressions of {@link OriginSource} for the database as it is now. */
  private static final String WRITE =
      """
      INSERT INTO relay_checkpoint
        (relay, published_id, snapshot, catch_up_snapshot, catch_up_id, dead_letters,
         system_identifier, timeline, lsn, written_lsn, outbox)
      SELECT
        :relay, :publishedId, :snapshot::pg_snapshot, :catchUpSnapshot::pg_snapshot,
        :catchUpId::bigint, :deadLetters::jsonb, :systemIdentifier, :timeline, :lsn::pg_lsn,
        %3$s, (SELECT id FROM outbox_identity)
      -- Only into the very database that the position was read from: one that took its place
      -- meanwhile would seem to hold all that was published.
      WHERE %3$s >= :lsn::pg_lsn
        AND lpad(lower(%2$s), 8, '0') = lpad(to_hex(:timeline), 8, '0')
        AND %1$s = :systemIdentifier
      ON CONFLICT (relay) DO UPDATE SET
        published_id = excluded.published_id,
        snapshot = excluded.snapshot,
        catch_up_snapshot = excluded.catch_up_snapshot,
        catch_up_id = excluded.catch_up_id,
        dead_letters = excluded.dead_letters,
        system_identifier = excluded.system_identifier,
        timeline = excluded.timeline,
        lsn = excluded.lsn,
        written_lsn = excluded.written_lsn,
        written_at = excluded.written_at,
        outbox = excluded.outbox
      """;

  /**
   * A relay that has nothing to publish writes no checkpoint either; but where another one goes on,
   * in the same outbox, there was something.
   */
  private static final String STALE =
      """
      SELECT relay, published_id, written_at FROM relay_checkpoint stale
      WHERE written_at < now() - interval '1 day'
        AND EXISTS (
          SELECT FROM relay_checkpoint other
          WHERE other.published_id > stale.published_id
            AND other.written_at > now() - interval '1 day')
      ORDER BY relay
      """;

  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final TypeReference<List<DeadLetter>> DEAD_LETTERS = new TypeReference<>() {};

  private final JdbcClient jdbc;

  public Checkpoints(JdbcClient jdbc) {
    this.jdbc = jdbc;
  }

  public Optional<Checkpoint> find(String relay) {
    return jdbc.sql(FIND).param("relay", relay).query(Checkpoints::checkpoint).optional();
  }

  /**
   * Replaces the checkpoint, unless the database is no longer the one {@code position} is of.
   *
   * @param source where the position's origin was read from
   */
  public void write(String relay, Position position, OriginSource source) {
    Position.CatchUp catchUp = position.catchUp();
    jdbc.sql(WRITE.formatted(source.systemIdentifier, source.timeline, source.lsn))
        .param("relay", relay)
        .param("publishedId", position.publishedId())
        .param("snapshot", position.snapshot())
        .param("catchUpSnapshot", catchUp == null ? null : catchUp.snapshot())
        .param("catchUpId", catchUp == null ? null : catchUp.afterId())
        .param("deadLetters", JSON.writeValueAsString(position.deadLetters()))
        .param("systemIdentifier", position.origin().systemIdentifier())
        .param("timeline", position.origin().timeline())
        .param("lsn", position.origin().lsn().toString())
        .update();
  }

  /** Those of relays that stopped more than a day ago, while another goes on. */
  public List<Stale> stale() {
    return jdbc.sql(STALE).query(Stale.class).list();
  }

  /**
   * The checkpoint of a relay that is no more, as after {@code lapse.relay.name} was changed, or
   * that must be mended. What it has not published is kept for it, however old.
   */
  public record Stale(String relay, long publishedId, OffsetDateTime writtenAt) {

    /** What to do about it. */
    public String action() {
      return "start this relay; or, if its lapse.relay.name is no longer used, as lapse_owner: DELETE FROM"
          + " relay_checkpoint WHERE relay = '%s'".formatted(relay.replace("'", "''"));
    }
  }

  private static Checkpoint checkpoint(ResultSet row, int number) throws SQLException {
    String catchUp = row.getString("catch_up_snapshot");
    Position position =
        new Position(
            row.getLong("published_id"),
            null,
            row.getString("snapshot"),
            catchUp == null ? null : new Position.CatchUp(catchUp, row.getLong("catch_up_id")),
            JSON.readValue(row.getString("dead_letters"), DEAD_LETTERS),
            new Origin(
                row.getLong("system_identifier"),
                row.getInt("timeline"),
                Lsn.parse(row.getString("lsn"))));
    return new Checkpoint(position, Lsn.parse(row.getString("written_lsn")));
  }
}
