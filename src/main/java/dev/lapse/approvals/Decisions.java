package dev.lapse.approvals;

import dev.lapse.approvals.ApprovalsSettings.Statuses;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the guard takes for a decision. Of the statuses that are so by default, only those that the
 * column can hold: an enum need not have a label for each.
 *
 * @param approved may only become one of {@code ended}
 * @param rejected stays what it is
 * @param ended stays what it is
 */
record Decisions(List<String> approved, List<String> rejected, List<String> ended) {

  static Decisions of(Statuses statuses, Column status) {
    return new Decisions(
        known(statuses.approved(), Statuses.APPROVED, status),
        known(statuses.rejected(), Statuses.REJECTED, status),
        known(statuses.ended(), Statuses.ENDED, status));
  }

  private static List<String> known(
      @Nullable List<String> configured, List<String> assumed, Column status) {
    return configured == null
        ? assumed.stream().filter(value -> StructureCheck.holds(status, value)).toList()
        : configured;
  }

  /** All that a pending approval may become by a decision. */
  List<String> all() {
    List<String> all = new ArrayList<>(approved);
    all.addAll(rejected);
    all.addAll(ended);
    return all;
  }

  /** All that nothing follows. */
  List<String> closed(String expired) {
    List<String> closed = new ArrayList<>(rejected);
    closed.add(expired);
    closed.addAll(ended);
    return closed;
  }
}
