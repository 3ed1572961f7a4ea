package dev.lapse.approvals;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The approvals table by the application's names: puts them into statements that are written in
 * ours. Read once, at the start; immutable.
 *
 * <p>A statement calls the table {@code ${approvals}} and gives it the alias {@code approval}. A
 * line that begins with {@code ${?word}} is left out where the table has no such thing. Names come
 * out quoted and values as untyped literals, which suit text, an enum and an integer alike, and let
 * the partial index serve; what they hold can be no part of the statement.
 *
 * <table>
 *   <caption>The words</caption>
 *   <tr><td>{@code approvals}<td>the table
 *   <tr><td>{@code id}, {@code status}, {@code version}, {@code expires_at}, {@code executed_at}
 *       <td>its columns
 *   <tr><td>{@code pending}, {@code expired}<td>its statuses
 *   <tr><td>{@code id_type}, {@code deadline_type}<td>types to cast a parameter to
 *   <tr><td>{@code now}, {@code clock}<td>{@code now()} and {@code clock_timestamp()}, to compare the
 *       deadline with
 *   <tr><td>{@code due_at}<td>the deadline as {@code timestamptz}
 *   <tr><td>{@code executed_now}<td>now, to write into {@code executed_at}
 *   <tr><td>{@code version_or_null}, {@code executed_at_or_null}<td>the column, the latter as
 *       {@code timestamptz}, or NULL where the table has none
 *   <tr><td>{@code attributes}<td>the further columns of an event, as one JSON object
 *   <tr><td>{@code ?text_id}<td>the id may be a text that no Kafka key can be
 * </table>
 */
public final class ApprovalsTable {

  private static final Pattern WORD = Pattern.compile("\\$\\{(\\w+)}");
  private static final Pattern OPTIONAL_LINE = Pattern.compile("(?m)^( *)\\$\\{\\?(\\w+)} (.*\\R)");

  /** The least id of each type that an id may have. */
  static final Map<String, String> FIRST_ID =
      Map.of(
          "uuid",
          "00000000-0000-0000-0000-000000000000",
          "bigint",
          Long.toString(Long.MIN_VALUE),
          "integer",
          Integer.toString(Integer.MIN_VALUE),
          "smallint",
          Short.toString(Short.MIN_VALUE),
          "text",
          "",
          "character varying",
          "");

  private static final ApprovalsTable STANDARD =
      new ApprovalsTable(
          ApprovalsSettings.STANDARD,
          new Column(1, "uuid", -1, "", false, List.of(), true, true),
          new Column(2, "text", -1, "", false, List.of(), true, true),
          new Column(3, "timestamp with time zone", -1, "", false, List.of(), true, true),
          new Column(4, "timestamp with time zone", -1, "", false, List.of(), true, true),
          "ai_approvals_due");

  private final Map<String, String> words = new HashMap<>();
  private final Set<String> present = new HashSet<>();
  private final ApprovalsSettings settings;
  private final String firstId;

  private ApprovalsTable(
      ApprovalsSettings settings,
      Column id,
      Column status,
      Column expiresAt,
      @Nullable Column executedAt,
      String dueIndex) {
    this.settings = settings;
    this.firstId = Objects.requireNonNull(FIRST_ID.get(id.type()), id.type());
    boolean local = expiresAt.isLocalTime();
    words.put("approvals", name(settings));
    words.put("id", Sql.name(settings.columns().id()));
    words.put("status", Sql.name(settings.columns().status()));
    words.put("expires_at", Sql.name(settings.columns().expiresAt()));
    words.put("pending", Sql.literal(settings.statuses().pending()));
    words.put("expired", Sql.literal(settings.statuses().expired()));
    words.put("id_type", id.type());
    words.put("deadline_type", local ? "timestamp" : "timestamptz");
    words.put("now", at(expiresAt, "now()"));
    words.put("clock", at(expiresAt, "clock_timestamp()"));
    words.put("due_at", instant(expiresAt, "approval." + words.get("expires_at")));
    words.put("version_or_null", "NULL::integer");
    words.put("executed_at_or_null", "NULL::timestamptz");
    if (!settings.columns().version().isEmpty()) {
      add("version", Sql.name(settings.columns().version()));
      words.put("version_or_null", "approval." + words.get("version"));
    }
    if (executedAt != null) {
      add("executed_at", Sql.name(settings.columns().executedAt()));
      words.put("executed_now", at(executedAt, nowRoundedUp(executedAt, expiresAt)));
      words.put("executed_at_or_null", instant(executedAt, "approval." + words.get("executed_at")));
    }
    if (!settings.attributes().isEmpty()) {
      add("attributes", attributes());
    }
    if (firstId.isEmpty()) {
      present.add("text_id");
    }
    addGuard(status);
    words.put("due_index", Sql.name(dueIndex));
    words.put("absent_is_created", Boolean.toString(settings.isStandard()));
  }

  /** As Lapse creates it where there is none. */
  public static ApprovalsTable standard() {
    return STANDARD;
  }

  /** The table that was found; nothing may be wrong with it. */
  static ApprovalsTable of(ApprovalsSettings settings, FoundTable found) {
    return new ApprovalsTable(
        settings,
        required(found, settings.columns().id()),
        required(found, settings.columns().status()),
        required(found, settings.columns().expiresAt()),
        settings.columns().executedAt().isEmpty()
            ? null
            : required(found, settings.columns().executedAt()),
        found.dueIndexName());
  }

  private static Column required(FoundTable found, String name) {
    return Objects.requireNonNull(found.column(name), name);
  }

  /** The table's name as SQL has it, with its schema only where one is set. */
  static String name(ApprovalsSettings settings) {
    String table = Sql.name(settings.table());
    return settings.schema() == null ? table : Sql.name(settings.schema()) + "." + table;
  }

  private void add(String word, String meaning) {
    words.put(word, meaning);
    present.add(word);
  }

  /** An instant, as {@code column} would have it. */
  private String at(Column column, String instant) {
    return column.isLocalTime() ? "(%s AT TIME ZONE %s)".formatted(instant, zone()) : instant;
  }

  /** What {@code column} has, as an instant. */
  private String instant(Column column, String value) {
    return column.isLocalTime() ? "(%s AT TIME ZONE %s)".formatted(value, zone()) : value;
  }

  private String zone() {
    return Sql.literal(Objects.requireNonNull(settings.zone(), "zone"));
  }

  /** A column of fewer digits rounds, and what expired must not seem to have done so before. */
  private static String nowRoundedUp(Column executedAt, Column expiresAt) {
    if (executedAt.digits() >= expiresAt.digits()) {
      return "now()";
    }
    long unit = Math.round(Math.pow(10, 6 - executedAt.digits()));
    return "(now() + interval '%d us')".formatted(unit / 2 - 1);
  }

  private String attributes() {
    return settings.attributes().stream()
        .map(column -> "approval." + Sql.name(column))
        .collect(Collectors.joining(", ", "(SELECT to_json(carried) FROM (SELECT ", ") carried)"));
  }

  /**
   * Where a list is empty, expired stands in it: that nothing becomes or leaves it, goes before.
   */
  private void addGuard(Column status) {
    String expired = settings.statuses().expired();
    Decisions decisions = Decisions.of(settings.statuses(), status);
    words.put("final", Sql.literals(decisions.closed(expired)));
    words.put("approved", Sql.literals(orExpired(decisions.approved(), expired)));
    words.put("ended", Sql.literals(orExpired(decisions.ended(), expired)));
    words.put("transition_arguments", Sql.literals(Guard.transitionArguments(settings, decisions)));
    words.put("expiry_arguments", Sql.literals(Guard.expiryArguments(settings, decisions)));
  }

  private static List<String> orExpired(List<String> statuses, String expired) {
    return statuses.isEmpty() ? List.of(expired) : statuses;
  }

  /** A statement with the application's names and values in it. */
  public String sql(String statement) {
    String lines =
        OPTIONAL_LINE
            .matcher(statement)
            .replaceAll(
                line ->
                    present.contains(line.group(2))
                        ? Matcher.quoteReplacement(line.group(1) + line.group(3))
                        : "");
    return WORD.matcher(lines).replaceAll(word -> Matcher.quoteReplacement(meaning(word.group(1))));
  }

  private String meaning(String word) {
    String meaning = words.get(word);
    if (meaning == null) {
      throw new IllegalArgumentException("no word of the approvals table: " + word);
    }
    return meaning;
  }

  /** An id before all others, as text. */
  public String firstId() {
    return firstId;
  }

  /** The words, for Flyway to put into the migrations. */
  public Map<String, String> placeholders() {
    return Map.copyOf(words);
  }
}
