package dev.lapse.deadline;

import dev.lapse.deadline.MovableApprovals.Window;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.json.JsonMapper;

/** Who moved deadlines: the table {@code extension}. */
final class Extensions {

  private static final String BEGIN =
      """
      INSERT INTO extension (id, requested_as, reason, selection)
      VALUES (:id, :requestedAs, :reason, jsonb_strip_nulls(:selection::jsonb))
      """;

  private static final String END =
      """
      UPDATE extension SET finished_at = clock_timestamp(), outcome = :outcome WHERE id = :id
      """;

  private static final String FIND =
      """
      SELECT requested_as, reason, selection::text AS selection, moved,
             coalesce(outcome = 'done', false) AS done
      FROM extension
      WHERE id = :id
      """;

  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final JdbcClient jdbc;

  Extensions(JdbcClient jdbc) {
    this.jdbc = jdbc;
  }

  void begin(UUID id, ExtensionRequest request, Window window) {
    jdbc.sql(BEGIN)
        .param("id", id)
        .param("requestedAs", request.requestedAs())
        .param("reason", request.reason())
        .param("selection", JSON.writeValueAsString(Selection.of(request, window)))
        .update();
  }

  void end(UUID id, String outcome) {
    jdbc.sql(END).param("id", id).param("outcome", outcome).update();
  }

  /**
   * @throws IllegalArgumentException if there is none, or none that may go on
   */
  Begun find(UUID id) {
    Row row =
        jdbc.sql(FIND)
            .param("id", id)
            .query(Row.class)
            .optional()
            .orElseThrow(() -> new IllegalArgumentException("There is no extension " + id));
    if (row.done()) {
      throw new IllegalArgumentException("Extension %s is done: nothing to resume".formatted(id));
    }
    Selection selection = JSON.readValue(row.selection(), Selection.class);
    return new Begun(
        selection.request(row.reason(), row.requestedAs()),
        new Window(selection.windowEnd()),
        row.moved());
  }

  /** As it was begun. */
  record Begun(ExtensionRequest request, Window window, long moved) {}

  private record Row(
      String requestedAs, String reason, String selection, long moved, boolean done) {}

  /** All of a request that resuming needs, for the column {@code selection}. */
  private record Selection(
      List<String> ids,
      @Nullable String dueWithin,
      String windowEnd,
      boolean overdue,
      Map<String, String> where,
      @Nullable String by,
      @Nullable String to,
      long max) {

    static Selection of(ExtensionRequest request, Window window) {
      return new Selection(
          request.ids(),
          text(request.dueWithin()),
          window.end(),
          request.overdue(),
          request.where(),
          text(request.by()),
          text(request.to()),
          request.max());
    }

    ExtensionRequest request(String reason, String requestedAs) {
      return new ExtensionRequest(
          ids,
          dueWithin == null ? null : Duration.parse(dueWithin),
          overdue,
          where,
          by == null ? null : Duration.parse(by),
          to == null ? null : OffsetDateTime.parse(to),
          reason,
          max,
          requestedAs);
    }

    private static @Nullable String text(@Nullable Object value) {
      return value == null ? null : value.toString();
    }
  }
}
