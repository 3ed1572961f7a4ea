package dev.lapse.audit;

import dev.lapse.approvals.ApprovalsTable;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Something that always holds, as a query that returns what breaks it. The file is the one that
 * people run in psql; its comment is what we tell of it.
 *
 * @param name the file's, without ending
 * @param meaning what a row says
 * @param action what to do about one
 * @param setting without which there is nothing to check; null if there always is
 * @param sql the query
 */
record Invariant(String name, String meaning, String action, @Nullable String setting, String sql) {

  /** What says that its triggers are there. */
  private static final Map<String, String> FUNCTIONS =
      Map.of("lapse.ladder", "lapse_arm_step", "lapse.deadlines.moves", "lapse_record_move");

  /** Of those that ask for what only a setting brings about. */
  private static final Map<String, String> SETTINGS =
      Map.of("step-missing", "lapse.ladder", "move-without-record", "lapse.deadlines.moves");

  /**
   * How the queries that are about approvals begin, so that they run as they are in psql. What it
   * says of the standard table, {@link #MAPPED} says of any.
   */
  static final String STANDARD =
      """
      WITH approval AS NOT MATERIALIZED (
        SELECT id, status, status = 'pending' AS pending, status = 'pending' AS undecided,
               status = 'expired' AS expired, version,
               expires_at, executed_at, expires_at AS deadline, now() AS clock
        FROM ai_approvals
      )""";

  /**
   * Undecided is by the status alone, whatever the settings' condition says. The id and the
   * deadline stay as the table has them, for its indexes; clock is now as the deadline would have
   * it.
   */
  private static final String MAPPED =
      """
      WITH approval AS NOT MATERIALIZED (
        SELECT approval.${id} AS id,
               approval.${status} AS status,
               (${is_pending}) AS pending,
               approval.${status} ${one_of_pending} AS undecided,
               approval.${status} = ${expired} AS expired,
               ${version_or_null} AS version,
               ${due_at} AS expires_at,
               ${executed_at_or_null} AS executed_at,
               ${deadline} AS deadline,
               ${deadline_clock} AS clock
        FROM ${approvals} approval
      )""";

  /** In the order to look at them in. */
  static final List<Invariant> ALL =
      Stream.of(
              "expired-before-due",
              "expired-without-record",
              "expired-twice",
              "ended-without-record",
              "ended-twice",
              "event-differs-from-approval",
              "announced-after-end",
              "announced-twice",
              "step-missing",
              "move-without-record",
              "overdue",
              "position-ahead",
              "dead-letters")
          .map(Invariant::load)
          .toList();

  private static Invariant load(String name) {
    try (InputStream file = Invariant.class.getResourceAsStream("/db/queries/" + name + ".sql")) {
      if (file == null) {
        throw new IllegalStateException("db/queries/%s.sql is not packaged".formatted(name));
      }
      return parse(name, new String(file.readAllBytes(), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The comment at the head has paragraphs: what a row means, what to do, what it costs. */
  private static Invariant parse(String name, String file) {
    List<StringBuilder> paragraphs = new ArrayList<>(List.of(new StringBuilder()));
    file.lines()
        .takeWhile(line -> line.startsWith("--"))
        .map(line -> line.substring(2).strip())
        .forEach(
            line -> {
              if (line.isEmpty()) {
                paragraphs.add(new StringBuilder());
              } else {
                StringBuilder last = paragraphs.get(paragraphs.size() - 1);
                last.append(last.isEmpty() ? "" : " ").append(line);
              }
            });
    return new Invariant(
        name,
        paragraphs.get(0).toString(),
        paragraphs.get(1).toString(),
        SETTINGS.get(name),
        file.strip().replaceFirst(";$", ""));
  }

  /** The query, about the application's table. */
  String sql(ApprovalsTable table) {
    return sql.replace(STANDARD, table.sql(MAPPED));
  }

  /** A query for whether there is something to check; null if there always is. */
  @Nullable String applies() {
    return setting == null
        ? null
        : "SELECT EXISTS (SELECT FROM pg_trigger WHERE tgfoid = to_regproc('%s'))"
            .formatted(FUNCTIONS.get(setting));
  }
}
