package dev.lapse.approvals;

import dev.lapse.approvals.FoundTable.Trigger;
import java.util.List;
import java.util.Objects;

/** Whether the guard's triggers are there, fire, and go by these settings. */
final class GuardCheck extends Check {

  private GuardCheck(ApprovalsSettings settings, FoundTable found) {
    super(settings, found);
  }

  /** Of a table whose structure is well. */
  static List<Problem> of(ApprovalsSettings settings, FoundTable found) {
    GuardCheck check = new GuardCheck(settings, found);
    check.guard();
    return check.problems();
  }

  private void guard() {
    Column status = Objects.requireNonNull(found.column(settings.columns().status()));
    Guard.expected(settings, status)
        .forEach(
            (name, arguments) -> {
              Trigger trigger = found.guard().get(name);
              if (trigger == null || !trigger.enabled() || !trigger.arguments().equals(arguments)) {
                add(
                    "The trigger %s of %s %s."
                        .formatted(
                            name,
                            table,
                            trigger == null
                                ? "is missing"
                                : trigger.enabled()
                                    ? "goes by other settings: " + trigger.arguments()
                                    : "is disabled"),
                    "It keeps everybody else from taking a decision back or expiring too early.",
                    "DROP TRIGGER IF EXISTS %s ON %s;%n%s"
                        .formatted(
                            name,
                            table,
                            ApprovalsTable.of(settings, found).sql(Migrations.trigger(name))));
              }
            });
  }
}
