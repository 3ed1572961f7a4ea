package dev.lapse.approvals;

import dev.lapse.problem.Problem;
import java.util.List;

/** Which triggers of the table's own do what they do as the role that expires. */
final class TriggerCheck extends TableCheck {

  private TriggerCheck(ApprovalsSettings settings, FoundTable found) {
    super(settings, found);
  }

  static List<Problem> of(ApprovalsSettings settings, FoundTable found) {
    TriggerCheck check = new TriggerCheck(settings, found);
    check.triggers();
    return check.problems();
  }

  private void triggers() {
    found
        .triggers()
        .forEach(
            (name, function) ->
                add(
                    "The trigger %s of %s runs %s as the role %s when an approval expires."
                        .formatted(Sql.name(name), table, function, found.role()),
                    "If it needs privileges that this role lacks, no approval can expire.",
                    "ALTER FUNCTION %s SECURITY DEFINER SET search_path = %s, pg_temp;%n-- or GRANT the role these privileges; if it needs none, ignore this"
                        .formatted(function, Sql.name(found.schema()))));
  }
}
