package dev.lapse.replay;

import java.time.OffsetDateTime;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.json.JsonMapper;

/** Who published what again: the table {@code replay}. */
public final class Replays {

  private static final String BEGIN =
      """
      INSERT INTO replay (id, requested_as, selection, to_topic)
      VALUES (
        :id, :requestedAs, jsonb_strip_nulls(:selection::jsonb)
          || jsonb_build_object('afterId', :afterId::bigint),
        :toTopic)
      """;

  private static final String PROGRESS =
      "UPDATE replay SET events = :events, bytes = :bytes, last_id = :lastId WHERE id = :id";

  private static final String END =
      """
      UPDATE replay
      SET finished_at = clock_timestamp(), outcome = :outcome, failure = :failure
      WHERE id = :id
      """;

  /** Without the selection: it may hold a key. */
  private static final String LATEST =
      """
      SELECT id, requested_by, requested_as, to_topic, started_at, events, bytes, last_id,
             finished_at, outcome, failure
      FROM replay
      ORDER BY started_at DESC
      LIMIT :limit
      """;

  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final JdbcClient jdbc;

  public Replays(JdbcClient jdbc) {
    this.jdbc = jdbc;
  }

  void begin(UUID id, Request request) {
    jdbc.sql(BEGIN)
        .param("id", id)
        .param("requestedAs", request.requestedAs())
        .param("selection", JSON.writeValueAsString(request.selection()))
        .param("afterId", request.afterId())
        .param("toTopic", request.toTopic())
        .update();
  }

  void progress(Progress progress) {
    jdbc.sql(PROGRESS)
        .param("id", progress.replay())
        .param("events", progress.events())
        .param("bytes", progress.bytes())
        .param("lastId", progress.lastId())
        .update();
  }

  void end(Outcome outcome) {
    jdbc.sql(END)
        .param("id", outcome.progress().replay())
        .param("outcome", outcome.end().name().toLowerCase(Locale.ROOT))
        .param("failure", outcome.failure())
        .update();
  }

  /** The latest, the newest first. */
  public List<Row> latest(int limit) {
    return jdbc.sql(LATEST).param("limit", limit).query(Row.class).list();
  }

  /** A replay as people see it. */
  public record Row(
      UUID id,
      String requestedBy,
      String requestedAs,
      @Nullable String toTopic,
      OffsetDateTime startedAt,
      long events,
      long bytes,
      @Nullable Long lastId,
      @Nullable OffsetDateTime finishedAt,
      @Nullable String outcome,
      @Nullable String failure) {}
}
