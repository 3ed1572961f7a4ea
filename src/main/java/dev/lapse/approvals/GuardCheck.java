package dev.lapse.approvals;

import dev.lapse.approvals.FoundTable.Trigger;
import dev.lapse.problem.Problem;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Whether the guard's triggers are there, fire, and go by these settings. */
final class GuardCheck extends TableCheck {

  private static final String MISSING = "is missing";

  private GuardCheck(ApprovalsSettings settings, FoundTable found) {
    super(settings, found);
  }

  /** Of a table whose structure is well. */
  static List<Problem> of(ApprovalsSettings settings, FoundTable found) {
    GuardCheck check = new GuardCheck(settings, found);
    check.guard();
    return check.problems();
  }

  /** The triggers that are not there: one that is disabled, somebody has disabled. */
  static List<Problem> missing(ApprovalsSettings settings, FoundTable found) {
    return of(settings, found).stream()
        .filter(problem -> problem.what().endsWith(MISSING + "."))
        .toList();
  }

  private void guard() {
    Column status = Objects.requireNonNull(found.column(settings.columns().status()));
    ApprovalsTable known = ApprovalsTable.of(settings, found, SessionSettings.NONE);
    Guard.expected(settings, status, known.facts())
        .forEach(
            (name, arguments) -> {
              String flaw = flaw(found.guard().get(name), arguments);
              if (flaw != null) {
                add(
                    "The trigger %s of %s %s.".formatted(name, table, flaw),
                    "It keeps other writers from undoing a decision or expiring an approval too early.",
                    known.sql(Migrations.trigger(name)));
              }
            });
  }

  private static @Nullable String flaw(@Nullable Trigger trigger, List<String> arguments) {
    if (trigger == null) {
      return MISSING;
    }
    if (!trigger.enabled()) {
      return "is disabled";
    }
    if (!trigger.arguments().equals(arguments)) {
      return "belongs to other settings: " + trigger.arguments();
    }
    return trigger.refusesNull()
        ? null
        : "allows a decision to become NULL (until migration V13 has run)";
  }
}
