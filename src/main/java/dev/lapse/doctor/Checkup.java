package dev.lapse.doctor;

import dev.lapse.approvals.ApprovalsCheck;
import dev.lapse.approvals.Doubt;
import dev.lapse.expiration.Refusal;
import dev.lapse.expiration.Trial;
import dev.lapse.problem.OneLine;
import dev.lapse.problem.Problem;
import dev.lapse.schema.OwnSchema;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * All that the database must be for approvals to expire and events to be recorded: asked by the
 * doctor, and by the running service every few minutes. Changes nothing; callable from any thread.
 */
public final class Checkup {

  /** The name of a note that each start logs as a warning. */
  static final String SUSPECT = "settings-to-check";

  private final DatabaseDoctor database;
  private final ApprovalsCheck approvals;
  private final OwnSchema schema;
  private final Supplier<Trial> trial;

  /**
   * @param trial asked for only once the table is known to serve
   */
  public Checkup(
      DatabaseDoctor database, ApprovalsCheck approvals, OwnSchema schema, Supplier<Trial> trial) {
    this.database = database;
    this.approvals = approvals;
    this.schema = schema;
    this.trial = trial;
  }

  /** One diagnosis for each thing that was asked, or more where more than one thing is wrong. */
  public List<Diagnosis> run() {
    List<Diagnosis> checks = new ArrayList<>(database.server());
    if (!checks.get(0).holds()) {
      return checks;
    }
    List<Problem> table = approvals.problems();
    List<Problem> own = schema.problems();
    checks.addAll(failing("approvals-table", table));
    checks.addAll(failing("guard", approvals.guardProblems()));
    checks.addAll(failing("opt-in", approvals.optInProblems()));
    checks.addAll(triggers(approvals.triggerProblems()));
    checks.addAll(doubts(approvals.doubts()));
    checks.addAll(failing("migrations", own));
    checks.add(database.privileges());
    checks.add(database.rowSecurity());
    checks.add(database.searchPath());
    if (own.isEmpty()) {
      checks.add(database.sequence());
    }
    if (table.isEmpty() && own.isEmpty()) {
      checks.addAll(tried(trial.get().run()));
    }
    return checks;
  }

  private static List<Diagnosis> failing(String name, List<Problem> problems) {
    return problems.isEmpty()
        ? List.of(Diagnosis.holds(name, "complete"))
        : problems.stream()
            .map(problem -> Diagnosis.fails(name, problem.what(), problem.why(), problem.action()))
            .toList();
  }

  /** Where the settings and the table do not go together, or may not. */
  public static List<Diagnosis> doubts(List<Doubt> doubts) {
    return doubts.isEmpty()
        ? List.of(Diagnosis.holds("settings", "fit what the approvals table holds"))
        : doubts.stream().map(Checkup::doubt).toList();
  }

  private static Diagnosis doubt(Doubt doubt) {
    Problem problem = doubt.problem();
    return switch (doubt.weight()) {
      case WRONG -> Diagnosis.fails("settings", problem.what(), problem.why(), problem.action());
      case SUSPECT -> Diagnosis.warns(SUSPECT, problem.what(), problem.why(), problem.action());
      case NOTE -> Diagnosis.warns("settings", problem.what(), problem.why(), problem.action());
    };
  }

  private static List<Diagnosis> triggers(List<Problem> problems) {
    return problems.isEmpty()
        ? List.of(Diagnosis.holds("triggers", "none that may keep an approval from expiring"))
        : problems.stream()
            .map(
                problem ->
                    Diagnosis.warns("triggers", problem.what(), problem.why(), problem.action()))
            .toList();
  }

  /** What came of a trial. */
  public static List<Diagnosis> tried(Trial.Result result) {
    List<Diagnosis> all = new ArrayList<>();
    String id = OneLine.of(String.valueOf(result.id()));
    all.add(
        switch (result.outcome()) {
          case PASSED ->
              Diagnosis.holds(
                  "trial",
                  "approval %s would expire, and its event would be recorded (rolled back)"
                      .formatted(id));
          case NOTHING_PENDING ->
              Diagnosis.warns(
                  "trial",
                  "no approval is pending with a deadline, so none was tried",
                  "Whether the database lets one expire is not known yet.",
                  "Check again once there is one; if there should be one, check"
                      + " lapse.approvals.statuses.pending.");
          case NOT_TRIED ->
              Diagnosis.warns(
                  "trial",
                  "not tried: " + result.reason(),
                  "Whether the database lets an approval expire is not known.",
                  "Check again later.");
          case REFUSED ->
              Diagnosis.fails(
                  "trial",
                  "the database refuses to let approval %s expire: %s"
                      .formatted(id, result.reason()),
                  "Approvals like it would stay pending after their deadline."
                      + (result.early()
                          ? " It was tried before its deadline, as of that instant; a trigger that"
                              + " reads the clock itself may judge otherwise then."
                          : ""),
                  action(String.valueOf(result.reason())));
        });
    for (Refusal other : result.others()) {
      all.add(
          Diagnosis.warns(
              "trial",
              "approval %s is refused: %s".formatted(OneLine.of(other.id()), other.reason()),
              "It would stay pending after its deadline; others expire.",
              action(other.reason())));
    }
    return all;
  }

  private static String action(String reason) {
    if (reason.contains("42501")) {
      return "Grant the role of the service what is denied, or make the function of the trigger"
          + " SECURITY DEFINER.";
    }
    if (reason.contains("42704") && reason.contains("configuration parameter")) {
      return "Set lapse.database.settings.<name>=<value> for the setting that the trigger reads, or"
          + " let the trigger read it with current_setting(name, true).";
    }
    if (reason.contains("outbox_pkey")) {
      return "SELECT setval('outbox_id_seq', (SELECT max(id) FROM outbox));";
    }
    return "Change what is named so that it lets an approval become expired; then run lapse doctor"
        + " again.";
  }
}
