package dev.lapse.approvals;

import dev.lapse.approvals.ApprovalsSettings.Columns;
import dev.lapse.approvals.ApprovalsSettings.Statuses;
import dev.lapse.problem.Problem;
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
  private static final Set<String> TEXTS = Set.of("text", "character varying", "character");
  private static final Set<String> TIMES =
      Set.of("timestamp with time zone", "timestamp without time zone");

  private StructureCheck(ApprovalsSettings settings, FoundTable found) {
    super(settings, found);
  }

  static List<Problem> of(ApprovalsSettings settings, FoundTable found) {
    StructureCheck check = new StructureCheck(settings, found);
    check.kind();
    check.columns();
    check.generated();
    check.zone();
    check.statuses();
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
            : "-- set lapse.approvals.schema=" + elsewhere.get(0));
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
    check(
        "id",
        columns.id(),
        "uuid",
        ApprovalsTable.FIRST_ID.keySet(),
        "Events identify the approval by it.");
    Column status = found.column(columns.status());
    if (status == null || !status.isEnum()) {
      check(
          "status",
          columns.status(),
          "text",
          Stream.of(TEXTS, INTEGERS).flatMap(Set::stream).collect(Collectors.toSet()),
          "Lapse finds pending approvals by it.");
    }
    check(
        "expires-at",
        columns.expiresAt(),
        "timestamp with time zone",
        TIMES,
        "It is the deadline.");
    if (!columns.version().isEmpty()) {
      check(
          "version",
          columns.version(),
          "integer",
          INTEGERS,
          "Every change raises it, so that consumers can match an event to a change. If your table"
              + " has none, set lapse.approvals.columns.version to nothing.");
    }
    if (!columns.executedAt().isEmpty()) {
      check(
          "executed-at",
          columns.executedAt(),
          "timestamp with time zone",
          TIMES,
          "It records when the approval expired. If your table has none, set"
              + " lapse.approvals.columns.executed-at to nothing.");
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

  private void check(String setting, String name, String type, Set<String> types, String why) {
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
    } else if (!types.contains(column.type())) {
      add(
          "%s.%s is %s, not %s."
              .formatted(
                  table,
                  Sql.name(name),
                  column.type(),
                  types.stream().sorted().collect(Collectors.joining(" or "))),
          why,
          "ALTER TABLE %s ALTER COLUMN %s TYPE %s USING %s::%s; -- or set lapse.approvals.columns.%s"
              .formatted(table, Sql.name(name), type, Sql.name(name), type, setting));
    }
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
        Stream.of(settings.columns().expiresAt(), settings.columns().executedAt())
            .flatMap(name -> found.find(name).stream())
            .anyMatch(Column::isLocalTime);
    if (local && (settings.zone() == null || settings.zone().isEmpty())) {
      add(
          "%s has timestamps without a time zone.".formatted(table),
          "Lapse cannot know which zone they are in; most ORMs write UTC.",
          "-- set lapse.approvals.zone=UTC");
    }
  }

  private void statuses() {
    Column status = found.column(settings.columns().status());
    if (status == null) {
      return;
    }
    Statuses statuses = settings.statuses();
    Stream.of(
            List.of(statuses.pending(), statuses.expired()),
            orNone(statuses.approved()),
            orNone(statuses.rejected()),
            orNone(statuses.ended()))
        .flatMap(List::stream)
        .filter(value -> !holds(status, value))
        .forEach(value -> status(status, value));
  }

  private static List<String> orNone(@Nullable List<String> statuses) {
    return statuses == null ? List.of() : statuses;
  }

  private void status(Column status, String value) {
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
