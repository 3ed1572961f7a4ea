package dev.lapse.approvals;

import dev.lapse.approvals.ApprovalsSettings.Columns;
import dev.lapse.problem.Problem;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Whether the role may do what is asked of it. */
final class PrivilegeCheck extends TableCheck {

  private PrivilegeCheck(ApprovalsSettings settings, FoundTable found) {
    super(settings, found);
  }

  static List<Problem> toRead(ApprovalsSettings settings, FoundTable found) {
    PrivilegeCheck check = new PrivilegeCheck(settings, found);
    check.reading();
    return check.problems();
  }

  static List<Problem> toExpire(ApprovalsSettings settings, FoundTable found) {
    PrivilegeCheck check = new PrivilegeCheck(settings, found);
    check.writing();
    return check.problems();
  }

  private void reading() {
    if (!found.schemaUsable()) {
      add(
          "The role %s may not use the schema %s.".formatted(found.role(), found.schema()),
          "The table is in this schema.",
          "GRANT USAGE ON SCHEMA %s TO %s;"
              .formatted(Sql.name(found.schema()), Sql.name(found.role())));
    }
    privilege("SELECT", "read", needed().filter(name -> is(name, column -> !column.readable())));
  }

  private void writing() {
    Columns columns = settings.columns();
    privilege(
        "UPDATE",
        "update",
        Stream.concat(
                Stream.of(columns.status(), columns.version(), columns.executedAt()),
                SetColumn.names(settings, found.columns()).stream())
            .filter(name -> is(name, column -> !column.writable())));
  }

  private Stream<String> needed() {
    Columns columns = settings.columns();
    return Stream.concat(
        Stream.of(
            columns.id(),
            columns.status(),
            columns.version(),
            columns.expiresAt(),
            columns.executedAt(),
            columns.createdAt()),
        settings.attributes().stream());
  }

  private boolean is(String name, Predicate<Column> predicate) {
    return found.find(name).filter(predicate).isPresent();
  }

  private void privilege(String privilege, String verb, Stream<String> columns) {
    String names = columns.map(Sql::name).collect(Collectors.joining(", "));
    if (!names.isEmpty()) {
      add(
          "The role %s may not %s %s of %s.".formatted(found.role(), verb, names, table),
          "Lapse needs this privilege.",
          "GRANT %s (%s) ON %s TO %s;".formatted(privilege, names, table, Sql.name(found.role())));
    }
  }
}
