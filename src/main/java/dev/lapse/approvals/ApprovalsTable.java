package dev.lapse.approvals;

import java.util.ArrayList;
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
 *   <tr><td>{@code approvals_literal}, {@code expires_at_literal}<td>the names as texts, the first
 *       quoted in itself
 *   <tr><td>{@code id}, {@code status}, {@code version}, {@code expires_at}, {@code executed_at}
 *       <td>its columns
 *   <tr><td>{@code is_pending}<td>whether {@code approval} waits for a decision and fulfils the
 *       settings' condition: as a partial index has it
 *   <tr><td>{@code expired}<td>the status
 *   <tr><td>{@code previous_status}<td>the one that an approval expired from, as text; {@code
 *       ?several_pending}, it may be one of several, and {@code due} has it under that name
 *   <tr><td>{@code still_due}<td>whether {@code approval} is pending past its deadline, in a form
 *       that no index serves
 *   <tr><td>{@code id_type}, {@code deadline_type}<td>types to cast a parameter to
 *   <tr><td>{@code now}, {@code clock}<td>{@code now()} and {@code clock_timestamp()}, to compare the
 *       deadline with
 *   <tr><td>{@code due_at}<td>the deadline as {@code timestamptz}
 *   <tr><td>{@code deadline}<td>the deadline as the table has it where an interval can be taken from
 *       that, else as {@code timestamptz}; {@code deadline_clock}<td>now, to compare it with
 *   <tr><td>{@code never}<td>a deadline after all others; {@code long_ago}<td>one that has passed
 *   <tr><td>{@code created}<td>when it was requested, as {@code timestamptz}, or NULL where no column
 *       says so
 *   <tr><td>{@code old_is_pending}, {@code new_is_pending}<td>whether a trigger's row had, or has, a
 *       status of those that wait, whatever the condition says
 *   <tr><td>{@code version_or_null}, {@code executed_at_or_null}<td>the column, the latter as
 *       {@code timestamptz}, or NULL where the table has none
 *   <tr><td>{@code attributes}<td>the further columns of an event, as one JSON object
 *   <tr><td>{@code attribute_settings}<td>those of a function that tells attributes, beside the
 *       time zone
 *   <tr><td>{@code expiring}<td>all that expiring sets, as an UPDATE has it; {@code
 *       expiring_later}, the same where {@code lapse_now} is the instant
 *   <tr><td>{@code expired_event}<td>the columns of an {@code ApprovalExpired}, out of a row with
 *       id, previous_status, version, expires_at, expired_at and attributes
 *   <tr><td>{@code later}<td>{@code lapse_now}, to compare the deadline with
 *   <tr><td>{@code decided_by}, {@code decided_at}<td>columns; {@code decided_later}<td>{@code
 *       lapse_now}, to write into the latter
 *   <tr><td>{@code decided_by_or_null}<td>the column as text, or NULL where the table has none
 *   <tr><td>{@code since}<td>since when {@code approval} is what it is, as {@code timestamptz}; NULL
 *       where nothing tells
 *   <tr><td>{@code decisions}<td>statuses that decide; {@code one_of_pending}<td>how to compare a
 *       status with those that wait
 *   <tr><td>{@code table}<td>the table with its schema, for functions
 *   <tr><td>{@code body}<td>a quote for the body of a function, which no name or value contains
 *   <tr><td>{@code session}<td>calls that give the session the settings that triggers ask for
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
          "numeric",
          "-Infinity",
          "text",
          "",
          "character varying",
          "",
          "character",
          "",
          "citext",
          "");

  /**
   * Of one approval that expired: the columns of its event, in their order. The statement that
   * expires a batch writes them, and so does the trigger for what somebody else expires.
   */
  private static final String EXPIRED_EVENT =
      """
      SELECT id::text AS "approvalId",
                 ${previous_status} AS "previousStatus",
                 ${expired} AS "status",
                 ${?version} version AS "version",
                 -- No earlier than the year 1: consumers cannot read -infinity, or what is BC.
                 to_char(greatest(expires_at, '0001-01-01Z') AT TIME ZONE 'UTC',
                         'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS "expiresAt",
                 to_char(expired_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
                   AS "expiredAt"
                 -- Rather without them than too large for the outbox, which would fail the batch.
                 -- The id is in the event twice, and each of its bytes may be written as six.
                 ${?attributes} , CASE WHEN octet_length(attributes::text)
                 ${?attributes}               + 10 * octet_length(id::text) + 1024 <= 63 * 1024
                 ${?attributes}          THEN attributes END AS "attributes"
      """;

  /** Of a function: so values read the same whatever the session of its caller sets. */
  private static final String ATTRIBUTE_SETTINGS =
      """
      SET DateStyle = 'ISO'
          SET IntervalStyle = 'postgres'
          SET bytea_output = 'hex'
          SET extra_float_digits = 1\
      """;

  /** The instant in a function, which its caller's transaction may have begun long before. */
  private static final String LATER = "lapse_now";

  private static final Column INSTANT_COLUMN =
      new Column(
          4,
          "timestamp with time zone",
          "timestamp with time zone",
          -1,
          "",
          false,
          List.of(),
          true,
          true);

  private static final ApprovalsTable STANDARD =
      new ApprovalsTable(
          ApprovalsSettings.STANDARD,
          new Column(1, "uuid", "uuid", -1, "", false, List.of(), true, true),
          new Column(2, "text", "text", -1, "", false, List.of(), true, true),
          INSTANT_COLUMN,
          INSTANT_COLUMN,
          null,
          new Decided("decided_by", null, null),
          "",
          "ai_approvals_due",
          Map.of(),
          SessionSettings.NONE,
          true);

  private final Map<String, String> words = new HashMap<>();
  private final Set<String> present = new HashSet<>();
  private final ApprovalsSettings settings;
  private final Kind deadline;
  private final String firstId;
  private final String firstDeadline;

  private ApprovalsTable(
      ApprovalsSettings settings,
      Column id,
      Column status,
      Column expiresAt,
      @Nullable Column executedAt,
      @Nullable Column createdAt,
      Decided decided,
      String schema,
      String dueIndex,
      Map<String, SetColumn> set,
      SessionSettings session,
      boolean created) {
    this.settings = settings;
    this.firstId = Objects.requireNonNull(FIRST_ID.get(id.type()), id.type());
    this.deadline = kind(expiresAt);
    this.firstDeadline = deadline.first;
    words.put("approvals", name(settings));
    words.put("approvals_literal", Sql.literal(name(settings)));
    words.put("expires_at_literal", Sql.literal(settings.columns().expiresAt()));
    words.put(
        "table", (schema.isEmpty() ? "" : Sql.name(schema) + ".") + Sql.name(settings.table()));
    words.put("id", Sql.name(settings.columns().id()));
    words.put("status", Sql.name(settings.columns().status()));
    words.put("expires_at", Sql.name(settings.columns().expiresAt()));
    words.put("expired", Sql.literal(settings.statuses().expired()));
    words.put("id_type", castType(id));
    words.put("deadline_type", deadline.castType);
    words.put("now", at(deadline, "now()"));
    words.put("clock", at(deadline, "clock_timestamp()"));
    words.put("later", at(deadline, LATER));
    String kept = "approval." + words.get("expires_at");
    words.put("due_at", instant(deadline, kept));
    boolean subtractable = deadline == Kind.INSTANT || deadline == Kind.LOCAL;
    words.put("deadline", subtractable ? kept : words.get("due_at"));
    words.put("deadline_clock", subtractable ? words.get("now") : "now()");
    words.put("never", deadline.never);
    words.put("long_ago", at(deadline, "(now() - interval '2 days')"));
    words.put("version_or_null", "NULL::integer");
    words.put("executed_at_or_null", "NULL::timestamptz");
    if (!settings.columns().version().isEmpty()) {
      add("version", Sql.name(settings.columns().version()));
      words.put("version_or_null", "approval." + words.get("version"));
    }
    if (executedAt != null) {
      add("executed_at", Sql.name(settings.columns().executedAt()));
      words.put(
          "executed_at_or_null", instant(kind(executedAt), "approval." + words.get("executed_at")));
    }
    words.put("created", "NULL::timestamptz");
    if (createdAt != null) {
      String instant =
          instant(kind(createdAt), "approval." + Sql.name(settings.columns().createdAt()));
      // Of an infinite one no share can be taken, and to try would fail whoever writes the row.
      add("created", "CASE WHEN isfinite(%1$s) THEN %1$s END".formatted(instant));
    }
    if (!settings.attributes().isEmpty()) {
      add("attributes", attributes());
      words.put("attribute_settings", ATTRIBUTE_SETTINGS);
    }
    int digits = deadline.digits(expiresAt);
    words.put("expiring", expiring(executedAt, digits, set, "now()"));
    words.put("expiring_later", expiring(executedAt, digits, set, LATER));
    if (!session.isEmpty()) {
      add("session", session.calls());
    }
    if (firstId.isEmpty()) {
      present.add("text_id");
    }
    addPending();
    addDecided(decided);
    words.put("expired_event", sql(EXPIRED_EVENT).strip());
    addGuard(status);
    words.put("body", body());
    words.put("due_index", Sql.name(dueIndex));
    words.put("absent_is_created", Boolean.toString(created && settings.isStandard()));
  }

  /** As Lapse creates it where there is none. */
  public static ApprovalsTable standard() {
    return STANDARD;
  }

  /** The table that was found; nothing may be wrong with it. */
  static ApprovalsTable of(ApprovalsSettings settings, FoundTable found, SessionSettings session) {
    return new ApprovalsTable(
        settings,
        required(found, settings.columns().id()),
        required(found, settings.columns().status()),
        required(found, settings.columns().expiresAt()),
        settings.columns().executedAt().isEmpty()
            ? null
            : required(found, settings.columns().executedAt()),
        settings.columns().createdAt().isEmpty()
            ? null
            : required(found, settings.columns().createdAt()),
        Decided.of(settings, found),
        found.schema(),
        found.dueIndexName(),
        SetColumn.of(settings, found),
        session,
        false);
  }

  private static Column required(FoundTable found, String name) {
    return Objects.requireNonNull(found.column(name), name);
  }

  /** A name as SQL has it, for conditions of the callers. */
  public static String quoted(String name) {
    return Sql.name(name);
  }

  /** The table's name as SQL has it, with its schema only where one is set. */
  static String name(ApprovalsSettings settings) {
    String table = Sql.name(settings.table());
    return settings.schema() == null ? table : Sql.name(settings.schema()) + "." + table;
  }

  /** Of a char without a length, PostgreSQL would keep the first character. */
  private static String castType(Column column) {
    return column.type().equals("character") ? "bpchar" : column.type();
  }

  /**
   * What to write into the column of the deadline, so that it passes at {@code instant}, or as soon
   * after it as the column can say.
   *
   * @param instant as SQL of {@code timestamptz}
   */
  public String deadlineAt(String instant) {
    return deadline.value(instant, deadline.needsZone() ? zone() : "");
  }

  /**
   * What the column of the deadline is compared with: what is less has passed at {@code instant}.
   *
   * @param instant as SQL of {@code timestamptz}
   */
  public String passedAt(String instant) {
    return at(deadline, instant);
  }

  private Kind kind(Column column) {
    return Objects.requireNonNull(Kind.of(column, settings.expiresAtUnit()), column.type());
  }

  private void add(String word, String meaning) {
    words.put(word, meaning);
    present.add(word);
  }

  private String at(Kind kind, String instant) {
    return kind.at(instant, kind.needsZone() ? zone() : "");
  }

  private String instant(Kind kind, String value) {
    return kind.instant(value, kind.needsZone() ? zone() : "");
  }

  private String zone() {
    return Sql.literal(Objects.requireNonNull(settings.zone(), "zone"));
  }

  private String expiring(
      @Nullable Column executedAt, int digitsOfDeadline, Map<String, SetColumn> set, String now) {
    List<String> assignments = new ArrayList<>(List.of(sql("${status} = ${expired}")));
    if (present.contains("version")) {
      assignments.add(sql("${version} = coalesce(approval.${version}, 0) + 1"));
    }
    if (executedAt != null) {
      String value = at(kind(executedAt), roundedUp(now, executedAt, digitsOfDeadline));
      assignments.add(words.get("executed_at") + " = " + value);
    }
    assignments.addAll(assignments(set, now));
    return String.join(", ", assignments);
  }

  /** A column of fewer digits rounds, and what expired must not seem to have done so before. */
  private String roundedUp(String now, Column executedAt, int digitsOfDeadline) {
    Kind kind = kind(executedAt);
    int digits = kind.digits(executedAt);
    if (kind.isNumber() || digits >= digitsOfDeadline) {
      return now;
    }
    long unit = Math.round(Math.pow(10, 6 - digits));
    return "(%s + interval '%d us')".formatted(now, unit / 2 - 1);
  }

  /** A time that is now goes by the column's own kind. */
  private List<String> assignments(Map<String, SetColumn> set, String now) {
    return set.entrySet().stream()
        .map(
            one -> {
              Kind kind = Kind.of(one.getValue().column(), settings.expiresAtUnit());
              String value =
                  one.getValue().isNow() && kind != null
                      ? at(kind, now)
                      : one.getValue().expression();
              return "%s = %s".formatted(Sql.name(one.getKey()), value);
            })
        .toList();
  }

  /**
   * Whether a row waits for a decision and fulfils the condition. One status is compared as it
   * always was, so that an index that is there goes on serving.
   *
   * @param alias of the table, with a dot, or nothing
   */
  static String isPending(ApprovalsSettings settings, String alias) {
    String condition = settings.condition();
    return alias
        + Sql.name(settings.columns().status())
        + " "
        + isOne(settings.statuses().pending())
        + (condition == null ? "" : " AND (%s)".formatted(condition));
  }

  private static String isOne(List<String> statuses) {
    return statuses.size() == 1
        ? "= " + Sql.literal(statuses.get(0))
        : "IN (%s)".formatted(Sql.literals(statuses));
  }

  private void addPending() {
    List<String> pending = settings.statuses().pending();
    String isOne = isOne(pending);
    String status = Sql.name(settings.columns().status());
    words.put("is_pending", isPending(settings, "approval."));
    words.put("is_pending_row", isPending(settings, ""));
    words.put("one_of_pending", isOne);
    words.put("old_is_pending", "OLD." + status + " " + isOne);
    words.put("new_is_pending", "NEW." + status + " " + isOne);
    words.put(
        "old_is_not_pending",
        pending.size() == 1
            ? "OLD.%s IS DISTINCT FROM %s".formatted(status, Sql.literal(pending.get(0)))
            : "NOT coalesce(OLD.%s %s, false)".formatted(status, isOne));
    String due =
        "THEN approval.%s < %s ELSE false END".formatted(words.get("expires_at"), words.get("now"));
    words.put(
        "still_due",
        pending.size() == 1 && settings.condition() == null
            ? "CASE approval.%s WHEN %s %s".formatted(status, Sql.literal(pending.get(0)), due)
            : "CASE WHEN %s %s".formatted(words.get("is_pending"), due));
    words.put("previous_status", Sql.literal(pending.get(0)));
    if (pending.size() > 1) {
      add("several_pending", "");
      words.put("previous_status", "previous_status");
    }
  }

  private void addDecided(Decided decided) {
    words.put("decided_by_or_null", "NULL::text");
    String since = words.get("executed_at_or_null");
    if (decided.by() != null) {
      add("decided_by", Sql.name(decided.by()));
      words.put("decided_by_or_null", "approval.%s::text".formatted(words.get("decided_by")));
    }
    if (decided.at() != null && decided.atColumn() != null) {
      Kind kind = kind(decided.atColumn());
      add("decided_at", Sql.name(decided.at()));
      words.put("decided_later", at(kind, LATER));
      since =
          "coalesce(%s, %s)".formatted(since, instant(kind, "approval." + words.get("decided_at")));
    }
    words.put("since", since);
  }

  /**
   * What is known of {@code approval}, as columns for a JSON object; {@code $2} is what it should
   * have become.
   */
  String facts() {
    return sql(
        """
        approval.${id}::text AS "approvalId", approval.${status}::text AS "status",
        $2 AS "wanted", ${decided_by_or_null} AS "decidedBy",
        to_char(${since} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS "since",
        to_char(${due_at} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS "expiresAt",
        CASE WHEN ${due_at} < clock_timestamp() THEN extract(epoch FROM
          clock_timestamp() - greatest(${due_at}, now() - interval '100 years')) END AS "lateSeconds"\
        """);
  }

  /** Dollar quotes hold whatever is in them, but for themselves. */
  private String body() {
    StringBuilder tag = new StringBuilder("lapse");
    while (words.values().stream().anyMatch(word -> word.contains("$" + tag + "$"))) {
      tag.append('_');
    }
    return "$" + tag + "$";
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
    words.put("decisions", Sql.literals(decisions.all()));
    words.put("approved", Sql.literals(orExpired(decisions.approved(), expired)));
    words.put("ended", Sql.literals(orExpired(decisions.ended(), expired)));
    words.put(
        "transition_arguments",
        Sql.literals(Guard.transitionArguments(settings, decisions, facts())));
    words.put("expiry_arguments", Sql.literals(Guard.expiryArguments(settings, decisions)));
  }

  private static List<String> orExpired(List<String> statuses, String expired) {
    return statuses.isEmpty() ? List.of(expired) : statuses;
  }

  /** A statement with the application's names and values in it. */
  public String sql(String statement) {
    return sql(statement, Map.of());
  }

  /**
   * The same, with further words. An empty one counts as absent.
   *
   * @param further what each means
   */
  public String sql(String statement, Map<String, String> further) {
    String lines =
        OPTIONAL_LINE
            .matcher(statement)
            .replaceAll(
                line ->
                    isPresent(line.group(2), further)
                        ? Matcher.quoteReplacement(line.group(1) + line.group(3))
                        : "");
    return WORD.matcher(lines)
        .replaceAll(word -> Matcher.quoteReplacement(meaning(word.group(1), further)));
  }

  private boolean isPresent(String word, Map<String, String> further) {
    String meaning = further.get(word);
    return meaning == null ? present.contains(word) : !meaning.isEmpty();
  }

  private String meaning(String word, Map<String, String> further) {
    String meaning = further.getOrDefault(word, words.get(word));
    if (meaning == null) {
      throw new IllegalArgumentException("no word of the approvals table: " + word);
    }
    return meaning;
  }

  /** A deadline before all others, as text. */
  public String firstDeadline() {
    return firstDeadline;
  }

  /** An id before all others, as text. */
  public String firstId() {
    return firstId;
  }

  /** The words, for Flyway to put into the migrations. */
  public Map<String, String> placeholders() {
    return Map.copyOf(words);
  }

  /**
   * Where a decision is noted. Unless they are set, columns of the usual names are taken where the
   * table has them.
   *
   * @param by column of who decided; null if there is none
   * @param at column of when; null if there is none
   */
  private record Decided(@Nullable String by, @Nullable String at, @Nullable Column atColumn) {

    static Decided of(ApprovalsSettings settings, FoundTable found) {
      String by = settings.columns().decidedBy();
      String at = settings.columns().decidedAt();
      Column atColumn = found.column(at == null ? "decided_at" : at);
      Kind kind = atColumn == null ? null : Kind.of(atColumn, settings.expiresAtUnit());
      boolean usable = kind != null && (!kind.needsZone() || settings.zone() != null);
      return new Decided(
          found.column(by == null ? "decided_by" : by) == null
              ? null
              : by == null ? "decided_by" : by,
          usable ? (at == null ? "decided_at" : at) : null,
          usable ? atColumn : null);
    }
  }
}
