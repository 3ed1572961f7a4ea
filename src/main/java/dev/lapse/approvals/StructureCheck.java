package dev.lapse.approvals;

import dev.lapse.approvals.ApprovalsSettings.Columns;
import dev.lapse.approvals.ApprovalsSettings.Statuses;
import dev.lapse.problem.Problem;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Whether the columns are there, and are of types that statements about them can be written for.
 */
final class StructureCheck extends TableCheck {

  private static final Set<String> INTEGERS = Set.of("smallint", "integer", "bigint");
  private static final Set<String> TEXTS =
      Set.of("text", "character varying", "character", "citext");
  private static final Set<String> TIMES =
      Set.of("timestamp with time zone", "timestamp without time zone");
  private static final Set<String> NUMBERS_OF_TIME = Set.of("bigint", "integer");

  /** That PostgreSQL makes an instant of, where their values can be read as one. */
  private static final Set<String> READABLE_AS_TIME = Set.of("text", "character varying");

  private StructureCheck(ApprovalsSettings settings, FoundTable found) {
    super(settings, found);
  }

  static List<Problem> of(ApprovalsSettings settings, FoundTable found) {
    StructureCheck check = new StructureCheck(settings, found);
    check.kind();
    check.columns();
    check.generated();
    check.zone();
    check.unit();
    check.statuses();
    check.set();
    check.expressions();
    return check.problems();
  }

  /** That there is none, where there should be. */
  static Problem absent(ApprovalsSettings settings, List<String> elsewhere) {
    String place = settings.schema() == null ? "on the search path" : "in this database";
    return new Problem(
        "There is no table %s %s.".formatted(ApprovalsTable.name(settings), place),
        elsewhere.isEmpty()
            ? "Lapse expires the rows of this table."
            : "A table of that name exists in: %s.".formatted(String.join(", ", elsewhere)),
        elsewhere.isEmpty()
            ? settings.isStandard()
                ? "-- let Lapse create it: spring.flyway.enabled=true; or set lapse.approvals.table"
                : "-- set lapse.approvals.schema and lapse.approvals.table to yours"
            : "-- set lapse.approvals.schema="
                + elsewhere.get(0)
                + (settings.isStandard()
                    ? "%n-- or, for another one: CREATE TABLE %s (LIKE %s.%s INCLUDING ALL);"
                        .formatted(
                            ApprovalsTable.name(settings),
                            Sql.name(elsewhere.get(0)),
                            Sql.name(settings.table()))
                    : ""));
  }

  /** Whether a status column can hold {@code value}. */
  static boolean holds(Column status, String value) {
    if (status.isEnum()) {
      return status.labels().contains(value);
    }
    return !INTEGERS.contains(status.type()) || value.matches("-?\\d{1,4}");
  }

  private void kind() {
    if (!found.kind().equals("r")) {
      add(
          "%s is %s.".formatted(table, kindInWords()),
          "Lapse locks, updates and guards the rows of an ordinary table.",
          "-- set lapse.approvals.table to the table that holds the approvals");
    }
    for (String child : found.children()) {
      add(
          "%s inherits from %s.".formatted(child, table),
          "The guard triggers and unique ids do not cover rows of a child table.",
          "ALTER TABLE %s NO INHERIT %s; -- its rows are then not approvals"
              .formatted(child, table));
    }
  }

  private String kindInWords() {
    return switch (found.kind()) {
      case "v" -> "a view";
      case "m" -> "a materialized view";
      case "f" -> "a foreign table";
      default -> "a partitioned table";
    };
  }

  private void columns() {
    Columns columns = settings.columns();
    id(columns.id());
    status(columns.status());
    deadline(columns.expiresAt());
    if (!columns.version().isEmpty()) {
      version(columns.version());
    }
    if (!columns.executedAt().isEmpty()) {
      executedAt(columns.executedAt());
    }
    if (!columns.createdAt().isEmpty()) {
      time(
          "created-at",
          columns.createdAt(),
          "Steps that are a share of the time, and the longest lifetime, are counted from it.");
    }
    if (columns.decidedBy() != null && !columns.decidedBy().isEmpty()) {
      present(
          "decided-by", columns.decidedBy(), "text", "decide_approval writes the actor into it.");
    }
    if (columns.decidedAt() != null && !columns.decidedAt().isEmpty()) {
      time(
          "decided-at",
          columns.decidedAt(),
          "decide_approval writes the time of a decision into it.");
    }
    for (String attribute : settings.attributes()) {
      if (found.column(attribute) == null) {
        add(
            "%s has no column %s.".formatted(table, Sql.name(attribute)),
            "lapse.approvals.attributes names it.",
            "-- remove %s from lapse.approvals.attributes".formatted(attribute));
      }
    }
  }

  private void id(String name) {
    String why = "Events identify the approval by it.";
    Column column = present("id", name, "uuid", why);
    if (column == null) {
      return;
    }
    if (column.scale() > 0) {
      typed(name, column, "a number without digits behind the point", why, toText(name, "id"));
    } else if (column.type().endsWith(".citext")) {
      typed(
          name,
          column,
          "of a schema on the search path",
          "Without it, ids that differ in case only would be compared in two ways.",
          "-- add the schema of citext to ?currentSchema=... in SPRING_DATASOURCE_URL");
    } else if (!ApprovalsTable.FIRST_ID.containsKey(column.type())) {
      typed(name, column, oneOf(ApprovalsTable.FIRST_ID.keySet()), why, toText(name, "id"));
    }
  }

  private void status(String name) {
    String why = "Lapse finds pending approvals by it.";
    Column column = present("status", name, "text", why);
    if (column != null && column.isEnum() && column.isDomain()) {
      typed(
          name,
          column,
          "the enum itself",
          "PostgreSQL compares no domain over an enum with a label.",
          "ALTER TABLE %s ALTER COLUMN %s TYPE %s;"
              .formatted(table, Sql.name(name), column.type()));
    } else if (column != null && !column.isEnum() && !holdsStatuses(column)) {
      typed(
          name,
          column,
          "an enum or " + oneOf(Stream.of(TEXTS, INTEGERS).flatMap(Set::stream).toList()),
          why,
          toText(name, "status"));
    }
  }

  private static boolean holdsStatuses(Column column) {
    return TEXTS.contains(column.type()) || INTEGERS.contains(column.type());
  }

  private void deadline(String name) {
    String why = "It is the deadline.";
    Column column = present("expires-at", name, "timestamp with time zone", why);
    if (column == null
        || TIMES.contains(column.type())
        || NUMBERS_OF_TIME.contains(column.type())
        || column.type().equals("date")) {
      return;
    }
    String quoted = Sql.name(name);
    typed(
        name,
        column,
        "bigint or date or integer or " + oneOf(TIMES),
        why,
        switch (column.type()) {
          case "numeric", "double precision", "real" ->
              ("ALTER TABLE %1$s ALTER COLUMN %2$s TYPE bigint USING ceil(%2$s)::bigint;%n"
                      + "-- then set lapse.approvals.expires-at-unit=seconds, or milliseconds")
                  .formatted(table, quoted);
          default ->
              READABLE_AS_TIME.contains(column.type())
                  ? "ALTER TABLE %1$s ALTER COLUMN %2$s TYPE timestamptz USING %2$s::timestamptz;"
                      .formatted(table, quoted)
                  : "-- set lapse.approvals.columns.expires-at to a column that holds an instant";
        });
  }

  private void version(String name) {
    String why =
        "Every change raises it, so that consumers can match an event to a change. If your table"
            + " has none, set lapse.approvals.columns.version to nothing.";
    Column column = present("version", name, "integer", why);
    if (column != null
        && !INTEGERS.contains(column.type())
        && !(column.type().equals("numeric") && column.scale() <= 0)) {
      typed(
          name,
          column,
          oneOf(INTEGERS) + " or numeric",
          why,
          "-- set lapse.approvals.columns.version to nothing, or to a column that counts");
    }
  }

  private void executedAt(String name) {
    String why =
        "It records when the approval expired. If your table has none, set"
            + " lapse.approvals.columns.executed-at to nothing.";
    Column column = present("executed-at", name, "timestamp with time zone", why);
    if (column != null
        && !TIMES.contains(column.type())
        && !(NUMBERS_OF_TIME.contains(column.type()) && settings.expiresAtUnit() != null)) {
      typed(
          name,
          column,
          oneOf(TIMES),
          why,
          "-- set lapse.approvals.columns.executed-at to nothing, or to a column of such a type");
    }
  }

  private void time(String setting, String name, String why) {
    Column column = present(setting, name, "timestamp with time zone", why);
    if (column != null
        && !TIMES.contains(column.type())
        && !(NUMBERS_OF_TIME.contains(column.type()) && settings.expiresAtUnit() != null)) {
      typed(
          name,
          column,
          oneOf(TIMES),
          why,
          "-- set lapse.approvals.columns.%s to a column of such a type, or to nothing"
              .formatted(setting));
    }
  }

  private String toText(String name, String setting) {
    return "ALTER TABLE %s ALTER COLUMN %s TYPE text USING %s::text; -- or set lapse.approvals.columns.%s"
        .formatted(table, Sql.name(name), Sql.name(name), setting);
  }

  private void typed(String name, Column column, String needed, String why, String action) {
    add(
        "%s.%s is %s, not %s.".formatted(table, Sql.name(name), column.declared(), needed),
        why,
        action);
  }

  private static String oneOf(Collection<String> types) {
    return types.stream().sorted().collect(Collectors.joining(" or "));
  }

  private @Nullable Column present(String setting, String name, String type, String why) {
    Column column = found.column(name);
    if (column == null) {
      add(
          "%s has no column %s (%s).".formatted(table, Sql.name(name), type),
          why,
          "ALTER TABLE %s ADD COLUMN %s %s%s; -- or set lapse.approvals.columns.%s to yours"
              .formatted(
                  table,
                  Sql.name(name),
                  type,
                  setting.equals("version") ? " NOT NULL DEFAULT 1" : "",
                  setting));
    }
    return column;
  }

  private void generated() {
    Columns columns = settings.columns();
    assigned("status", columns.status(), "");
    assigned("version", columns.version(), ", or to nothing");
    assigned("executed-at", columns.executedAt(), ", or to nothing");
    if (found
        .find(columns.expiresAt())
        .filter(column -> column.generated().equals("v"))
        .isPresent()) {
      add(
          "%s.%s is a virtual generated column.".formatted(table, Sql.name(columns.expiresAt())),
          "Lapse needs an index on it to find overdue approvals.",
          "-- make it STORED, or set lapse.approvals.columns.expires-at to a stored column");
    }
  }

  private void assigned(String setting, String name, String otherwise) {
    if (found.find(name).filter(column -> !column.generated().isEmpty()).isPresent()) {
      add(
          "%s.%s is a generated column.".formatted(table, Sql.name(name)),
          "Lapse sets it when an approval expires.",
          "-- set lapse.approvals.columns.%s to an ordinary column%s"
              .formatted(setting, otherwise));
    }
  }

  private void zone() {
    boolean local =
        Stream.of(
                settings.columns().expiresAt(),
                settings.columns().executedAt(),
                settings.columns().createdAt())
            .flatMap(name -> found.find(name).stream())
            .map(column -> Kind.of(column, settings.expiresAtUnit()))
            .anyMatch(kind -> kind != null && kind.needsZone());
    if (local && (settings.zone() == null || settings.zone().isEmpty())) {
      add(
          "%s has timestamps without a time zone.".formatted(table),
          "Lapse cannot know which zone they are in; most ORMs write UTC.",
          "-- set lapse.approvals.zone=UTC");
    }
  }

  private void unit() {
    Column deadline = found.column(settings.columns().expiresAt());
    if (deadline != null
        && NUMBERS_OF_TIME.contains(deadline.type())
        && settings.expiresAtUnit() == null) {
      add(
          "%s.%s is %s, and nothing says what it counts."
              .formatted(table, Sql.name(settings.columns().expiresAt()), deadline.declared()),
          "Seconds since 1970 have 10 digits now, milliseconds have 13.",
          "-- set lapse.approvals.expires-at-unit=seconds, or milliseconds");
    }
  }

  private void set() {
    Columns columns = settings.columns();
    Set<String> mapped =
        Set.copyOf( // two are empty where the table has neither
            List.of(
                columns.id(),
                columns.status(),
                columns.version(),
                columns.expiresAt(),
                columns.executedAt()));
    settings
        .set()
        .forEach(
            (key, expression) -> {
              List<String> names = SetColumn.names(key, found.columns());
              Column column = names.size() == 1 ? found.column(names.get(0)) : null;
              if (column == null) {
                add(
                    names.isEmpty()
                        ? "%s has no column %s.".formatted(table, Sql.name(key))
                        : "%s of %s may be %s.".formatted(key, table, String.join(" or ", names)),
                    "lapse.approvals.set wants expiring to set it.",
                    "-- set lapse.approvals.set[...] to the name of one column");
              } else if (mapped.contains(names.get(0))) {
                add(
                    "lapse.approvals.set names %s, which lapse.approvals.columns names, too."
                        .formatted(Sql.name(names.get(0))),
                    "What expiring sets it to, is settled.",
                    "-- take it out of lapse.approvals.set");
              } else if (!column.generated().isEmpty()) {
                add(
                    "%s.%s is generated.".formatted(table, Sql.name(names.get(0))),
                    "lapse.approvals.set wants expiring to set it.",
                    "-- take it out of lapse.approvals.set");
              } else if (new SetColumn(column, expression).isNow()
                  && (column.type().equals("timestamp without time zone")
                      || column.type().equals("date"))
                  && (settings.zone() == null || settings.zone().isEmpty())) {
                add(
                    "%s.%s keeps a time without a time zone."
                        .formatted(table, Sql.name(names.get(0))),
                    "lapse.approvals.set wants it to be now.",
                    "-- set lapse.approvals.zone=UTC");
              }
            });
  }

  private void expressions() {
    found
        .refusedExpressions()
        .forEach(
            (setting, reason) ->
                add(
                    "PostgreSQL refuses %s: %s.".formatted(setting, reason),
                    setting.equals(Expressions.CONDITION)
                        ? "It says which rows may expire, and the due index is over them."
                        : "Every expiry run would fail by it.",
                    reason.contains("permission denied")
                        ? "GRANT SELECT ON %s TO %s;".formatted(table, Sql.name(found.role()))
                        : "-- correct or remove " + setting));
  }

  private void statuses() {
    Column status = found.column(settings.columns().status());
    if (status == null) {
      return;
    }
    Statuses statuses = settings.statuses();
    Stream.of(
            statuses.pending(),
            List.of(statuses.expired()),
            orNone(statuses.approved()),
            orNone(statuses.rejected()),
            orNone(statuses.ended()))
        .flatMap(List::stream)
        .filter(value -> !holds(status, value))
        .forEach(value -> unknown(status, value));
  }

  private static List<String> orNone(@Nullable List<String> statuses) {
    return statuses == null ? List.of() : statuses;
  }

  private void unknown(Column status, String value) {
    add(
        status.isEnum()
            ? "Enum %s has no value '%s' (it has: %s)."
                .formatted(status.type(), value, String.join(", ", status.labels()))
            : "%s.%s is %s, and '%s' is not a value of it."
                .formatted(table, Sql.name(settings.columns().status()), status.type(), value),
        "Lapse and the guard triggers need every configured status.",
        status.isEnum()
            ? "ALTER TYPE %s ADD VALUE %s; -- or set lapse.approvals.statuses.… to yours"
                .formatted(status.type(), Sql.literal(value))
            : "-- set lapse.approvals.statuses.… to numbers");
  }
}
