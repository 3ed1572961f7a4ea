package dev.lapse.approvals;

import dev.lapse.problem.Problem;
import java.util.ArrayList;
import java.util.List;

/** A comparison of the table that was found with what is needed of it. Asks nobody. */
abstract class TableCheck {

  final ApprovalsSettings settings;
  final FoundTable found;

  /** As SQL has it. */
  final String table;

  private final List<Problem> problems = new ArrayList<>();

  TableCheck(ApprovalsSettings settings, FoundTable found) {
    this.settings = settings;
    this.found = found;
    this.table = ApprovalsTable.name(settings);
  }

  final void add(String what, String why, String action) {
    problems.add(new Problem(what, why, action));
  }

  final List<Problem> problems() {
    return List.copyOf(problems);
  }
}
