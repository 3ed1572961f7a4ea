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
                    "Should it do what this role may not, nothing expires.",
                    "ALTER FUNCTION %s SECURITY DEFINER SET search_path = %s, pg_temp;%n-- or GRANT the role what it does; needs it nothing, leave it"
                        .formatted(function, Sql.name(found.schema()))));
  }
}
