package dev.lapse.approvals;

import dev.lapse.problem.Problem;
import dev.lapse.problem.UnusableException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Whether the approvals table can serve, and as what. It is found out by reading PostgreSQL's
 * catalog, and changes nothing. Each call asks anew; from any thread.
 */
public final class ApprovalsCheck {

  private final JdbcClient jdbc;
  private final Catalog catalog;
  private final ApprovalsSettings settings;
  private final SessionSettings session;
  private final OptIns optIns;

  public ApprovalsCheck(JdbcClient jdbc, ApprovalsSettings settings) {
    this(jdbc, settings, SessionSettings.NONE);
  }

  /**
   * @param session what the statement that expires gives its transaction
   */
  public ApprovalsCheck(JdbcClient jdbc, ApprovalsSettings settings, SessionSettings session) {
    this(jdbc, settings, session, List.of());
  }

  /**
   * @param optIns whose triggers are to be there, or not
   */
  public ApprovalsCheck(
      JdbcClient jdbc, ApprovalsSettings settings, SessionSettings session, List<OptIn> optIns) {
    this.optIns = new OptIns(jdbc, optIns);
    this.jdbc = jdbc;
    this.catalog = new Catalog(jdbc, settings, session);
    this.settings = settings;
    this.session = session;
  }

  /** All there is to say against the table, the most important first; nothing if it is well. */
  public List<Problem> problems() {
    return catalog
        .find()
        .map(found -> problems(found, true))
        .orElseGet(() -> List.of(StructureCheck.absent(settings, catalog.elsewhere())));
  }

  /**
   * What is to be said against the table whichever role asks, and before the migrations nothing of
   * what they bring: for a dry run.
   */
  public List<Problem> problemsOfTheTable() {
    return catalog
        .find()
        .map(
            found -> {
              List<Problem> problems = understanding(found);
              boolean understood = problems.isEmpty();
              problems.addAll(EncodingCheck.of(jdbc));
              problems.addAll(FitnessCheck.toExpire(settings, found));
              if (understood) {
                problems.addAll(epoch(found));
              }
              if (understood && catalog.isMigrated()) {
                problems.addAll(FitnessCheck.dueIndex(settings, found));
              }
              return problems;
            })
        .orElseGet(() -> List.of(StructureCheck.absent(settings, catalog.elsewhere())));
  }

  /**
   * What looks as if it were not meant so: statuses and columns that no setting names, zones that
   * disagree, nothing that is pending. Reads a bounded part of the table. Nothing if the table
   * cannot be understood, which {@link #problems} tells.
   */
  public List<Doubt> doubts() {
    return catalog
        .find()
        .filter(found -> understanding(found).isEmpty())
        .map(found -> new Doubts(jdbc, settings, found, session).all())
        .orElse(List.of());
  }

  /** Whether the migrations have run, which bring the index and the guard. */
  boolean isMigrated() {
    return catalog.isMigrated();
  }

  /** What weakens the guard. Lapse works without it, and others may do what they should not. */
  public List<Problem> guardProblems() {
    return catalog
        .find()
        .filter(found -> understanding(found).isEmpty())
        .map(found -> GuardCheck.of(settings, found))
        .orElse(List.of());
  }

  /** Where the triggers of the opt-ins are not what the settings ask for. */
  public List<Problem> optInProblems() {
    return understood()
        .map(found -> optIns.problems(found.oid(), ApprovalsTable.of(settings, found, session)))
        .orElse(List.of());
  }

  /** What is to run so that they are. Nothing before the migrations have run. */
  List<OptIns.Change> optInChanges() {
    return understood()
        .map(found -> optIns.changes(found.oid(), ApprovalsTable.of(settings, found, session)))
        .orElse(List.of());
  }

  /** The same, by the setting that asks for it, for tools other than Flyway. */
  public Map<String, String> optInScripts() {
    return optInChanges().stream()
        .collect(
            Collectors.toMap(
                OptIns.Change::setting,
                OptIns.Change::script,
                (one, other) -> one + "\n" + other,
                LinkedHashMap::new));
  }

  private Optional<FoundTable> understood() {
    return catalog.find().filter(found -> catalog.isMigrated() && understanding(found).isEmpty());
  }

  /**
   * Triggers of the table's own that may keep it from expiring: what their functions do, and
   * whether this role may, nobody can tell beforehand.
   */
  public List<Problem> triggerProblems() {
    return catalog.find().map(found -> TriggerCheck.of(settings, found)).orElse(List.of());
  }

  /**
   * The table, as it is.
   *
   * @param expiring whether it must also be fit to be written to
   * @throws UnusableException says all that is against it
   */
  public ApprovalsTable table(boolean expiring) {
    return table(expiring, catalog.isMigrated())
        .orElseThrow(() -> unusable(List.of(StructureCheck.absent(settings, catalog.elsewhere()))));
  }

  /**
   * The table before it is migrated: the one that is there, or the one that will be created.
   *
   * @throws UnusableException says all that is against it
   */
  public ApprovalsTable tableToMigrate() {
    Optional<ApprovalsTable> present = table(true, false);
    if (present.isEmpty()) {
      List<String> elsewhere = catalog.elsewhere();
      if (!settings.isStandard() || !elsewhere.isEmpty()) {
        throw unusable(List.of(StructureCheck.absent(settings, elsewhere)));
      }
      List<Problem> problems = EncodingCheck.of(jdbc);
      if (!problems.isEmpty()) {
        throw unusable(problems);
      }
    }
    return present.orElseGet(ApprovalsTable::standard);
  }

  private Optional<ApprovalsTable> table(boolean expiring, boolean migrated) {
    return catalog
        .find()
        .map(
            found -> {
              List<Problem> problems = expiring ? problems(found, migrated) : looking(found);
              if (!problems.isEmpty()) {
                throw unusable(problems);
              }
              return ApprovalsTable.of(settings, found, session);
            });
  }

  /**
   * The statements that restore what somebody dropped of what the migrations brought: the due index
   * and the guard. Nothing before the migrations have run.
   */
  List<String> restoring() {
    return understood()
        .map(
            found -> {
              List<Problem> missing = new ArrayList<>(FitnessCheck.dueIndex(settings, found));
              missing.addAll(GuardCheck.missing(settings, found));
              return missing.stream()
                  .flatMap(problem -> Arrays.stream(problem.action().split(";\\R", -1)))
                  .toList();
            })
        .orElse(List.of());
  }

  /** What would keep anybody from understanding the table, or from reading all of it. */
  private List<Problem> looking(FoundTable found) {
    List<Problem> problems = understanding(found);
    problems.addAll(RowSecurityCheck.toRead(settings, found));
    return problems;
  }

  private List<Problem> understanding(FoundTable found) {
    List<Problem> problems = new ArrayList<>(StructureCheck.of(settings, found));
    problems.addAll(PrivilegeCheck.toRead(settings, found));
    return problems;
  }

  private List<Problem> problems(FoundTable found, boolean migrated) {
    List<Problem> problems = understanding(found);
    boolean understood = problems.isEmpty();
    problems.addAll(EncodingCheck.of(jdbc));
    problems.addAll(FitnessCheck.toExpire(settings, found));
    if (migrated) { // who migrates need not be who expires
      problems.addAll(PrivilegeCheck.toExpire(settings, found));
      problems.addAll(RowSecurityCheck.toExpire(settings, found));
    }
    if (understood) {
      problems.addAll(epoch(found));
    }
    if (migrated && understood) {
      problems.addAll(FitnessCheck.dueIndex(settings, found));
    }
    return problems;
  }

  private List<Problem> epoch(FoundTable found) {
    return EpochCheck.of(settings, ApprovalsTable.of(settings, found, session), jdbc);
  }

  private UnusableException unusable(List<Problem> problems) {
    return new UnusableException("Lapse cannot work with the approvals table:", problems);
  }
}
