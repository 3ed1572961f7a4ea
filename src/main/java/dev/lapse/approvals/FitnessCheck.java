package dev.lapse.approvals;

import dev.lapse.approvals.FoundTable.DueIndex;
import dev.lapse.problem.Problem;
import java.util.List;

/** Whether expiring would work and be cheap: ids, constraints, the index over what is due. */
final class FitnessCheck extends TableCheck {

  private FitnessCheck(ApprovalsSettings settings, FoundTable found) {
    super(settings, found);
  }

  static List<Problem> toExpire(ApprovalsSettings settings, FoundTable found) {
    FitnessCheck check = new FitnessCheck(settings, found);
    check.uniqueId();
    check.constraints();
    return check.problems();
  }

  /** Of a table whose structure is well. The migration builds the index. */
  static List<Problem> dueIndex(ApprovalsSettings settings, FoundTable found) {
    FitnessCheck check = new FitnessCheck(settings, found);
    check.dueIndex();
    return check.problems();
  }

  private void uniqueId() {
    if (!found.uniqueId()) {
      String id = Sql.name(settings.columns().id());
      String repeated = found.repeatedId();
      add(
          repeated == null
              ? "No unique index on %s.%s.".formatted(table, id)
              : "Rows of %s share the %s %s.".formatted(table, id, Sql.literal(repeated)),
          "Lapse and consumers identify each approval by this column.",
          repeated != null
              ? ("-- set lapse.approvals.columns.id to a column that is unique%n"
                      + "-- those that rows share:%n"
                      + "SELECT %1$s, count(*) FROM %2$s GROUP BY 1 HAVING count(*) > 1;")
                  .formatted(id, table)
              : found.hasPrimaryKey()
                  ? "CREATE UNIQUE INDEX CONCURRENTLY ON %s (%s);".formatted(table, id)
                  : "ALTER TABLE %s ADD PRIMARY KEY (%s);".formatted(table, id));
    }
  }

  private void constraints() {
    found
        .refusals()
        .forEach(
            (name, condition) -> {
              String status = Sql.name(settings.columns().status());
              String expired = Sql.literal(settings.statuses().expired());
              add(
                  "The constraint %s of %s does not allow the status %s."
                      .formatted(Sql.name(name), table, expired),
                  "No approval could expire.",
                  "ALTER TABLE %1$s DROP CONSTRAINT %2$s,%n  ADD CONSTRAINT %2$s CHECK (%3$s OR %4$s = %5$s);"
                      .formatted(table, Sql.name(name), condition, status, expired));
            });
  }

  private void dueIndex() {
    if (found.dueIndex() == DueIndex.PRESENT) {
      return;
    }
    ApprovalsTable known = ApprovalsTable.of(settings, found, SessionSettings.NONE);
    String create = known.sql(Migrations.dueIndex());
    String name = known.sql("${due_index}");
    boolean invalid = found.dueIndex() == DueIndex.INVALID;
    add(
        invalid
            ? "The index %s of %s is invalid.".formatted(name, table)
            : "%s has no index on pending approvals ordered by deadline.".formatted(table),
        "Each check for overdue approvals would scan the whole table.",
        invalid
            ? "DROP INDEX CONCURRENTLY %s%s;%n"
                    .formatted(
                        settings.schema() == null ? "" : Sql.name(settings.schema()) + ".", name)
                + create
            : create);
  }
}
