package dev.lapse.approvals;

import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The guard's two triggers: what they are called with, which also tells by which rules they go. */
final class Guard {

  private Guard() {}

  /**
   * @param facts columns about {@code approval}, for the error's detail
   */
  static List<String> transitionArguments(
      ApprovalsSettings settings, Decisions decisions, String facts) {
    return List.of(
        settings.columns().id(),
        settings.columns().status(),
        toPending(settings.statuses().pending()),
        facts,
        rules(settings, decisions));
  }

  static List<String> expiryArguments(ApprovalsSettings settings, Decisions decisions) {
    return List.of(
        settings.columns().id(),
        settings.columns().status(),
        settings.columns().expiresAt(),
        rules(settings, decisions));
  }

  /** How to compare a status with them, for the hint to whoever is refused. */
  private static String toPending(List<String> pending) {
    return pending.size() == 1
        ? "= " + Sql.literal(pending.get(0))
        : "IN (%s)".formatted(Sql.literals(pending));
  }

  /**
   * For people who look at the trigger, and for the check whether it is the one of the settings.
   */
  private static String rules(ApprovalsSettings settings, Decisions decisions) {
    return "%s may expire%s%s; %s may only become one of %s; %s stay"
        .formatted(
            String.join(", ", settings.statuses().pending()),
            settings.expiresAtUnit() == null
                ? ""
                : ", by " + settings.expiresAtUnit().name().toLowerCase(Locale.ROOT),
            settings.zone() == null ? "" : ", by the clock of " + settings.zone(),
            decisions.approved(),
            decisions.ended(),
            decisions.closed(settings.statuses().expired()));
  }

  /** What the triggers are to be called with, by name. */
  static Map<String, List<String>> expected(
      ApprovalsSettings settings, Column status, String facts) {
    Decisions decisions = Decisions.of(settings.statuses(), status);
    return Map.of(
        "ai_approvals_final", transitionArguments(settings, decisions, facts),
        "ai_approvals_not_due", expiryArguments(settings, decisions));
  }
}
