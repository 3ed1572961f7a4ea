package dev.lapse.approvals;

import dev.lapse.approvals.ApprovalsSettings.Columns;
import dev.lapse.approvals.Doubt.Weight;
import dev.lapse.problem.Problem;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Compares what is configured with what is there, of a table whose structure is well. */
final class Doubts {

  /** What columns are called whose rows the application takes for gone. */
  private static final Pattern SOFT_DELETION =
      Pattern.compile(
          "(is_?)?(soft_?)?(deleted|discarded|archived|removed|trashed)(_?(at|on|date|time))?");

  /** What columns are called by which an application notices that a row has changed. */
  private static final Pattern OPTIMISTIC_LOCK =
      Pattern.compile("(lock_?|row_?|opt_?lock_?|object_?)?version(_?(no|number|id))?|opt_?lock");

  private final ApprovalsSettings settings;
  private final FoundTable found;
  private final String table;
  private final StatusValues values;
  private final Zones zones;
  private final Supplier<Optional<Problem>> unusableIds;
  private final List<Doubt> doubts = new ArrayList<>();

  Doubts(JdbcClient jdbc, ApprovalsSettings settings, FoundTable found, SessionSettings session) {
    this.settings = settings;
    this.found = found;
    this.table = ApprovalsTable.name(settings);
    ApprovalsTable approvals = ApprovalsTable.of(settings, found, session);
    this.unusableIds =
        () ->
            found.dueIndex() == FoundTable.DueIndex.PRESENT
                ? UnusableIds.of(jdbc, approvals)
                : Optional.empty(); // it would walk over the whole table
    this.values = new StatusValues(jdbc, approvals, settings, found);
    this.zones = new Zones(jdbc, settings, found);
  }

  List<Doubt> all() {
    statuses();
    softDeletion();
    optimisticLock();
    zones.doubts().forEach(doubts::add);
    unusableIds.get().ifPresent(problem -> doubts.add(new Doubt(Weight.WRONG, problem)));
    return List.copyOf(doubts);
  }

  private void add(Weight weight, String what, String why, String action) {
    doubts.add(new Doubt(weight, new Problem(what, why, action)));
  }

  private void statuses() {
    StatusValues.Look look = values.look();
    List<String> pending = settings.statuses().pending();
    boolean nonePending = !look.anyPending();
    Set<String> known = known();
    List<String> unknown = look.values().stream().filter(value -> !known.contains(value)).toList();
    Optional<String> otherCase =
        unknown.stream()
            .filter(value -> pending.stream().anyMatch(one -> same(one, value)))
            .findFirst();
    String column = table + "." + Sql.name(settings.columns().status());
    if (nonePending && otherCase.isPresent()) {
      add(
          Weight.WRONG,
          "No row of %s is %s, but rows are %s."
              .formatted(table, literals(pending), Sql.literal(otherCase.get())),
          "PostgreSQL tells upper and lower case apart, so nothing expires.",
          "-- set lapse.approvals.statuses.pending=%s, and the other statuses as the table has them"
              .formatted(otherCase.get()));
    }
    List<String> others =
        unknown.stream()
            .filter(value -> !nonePending || !Optional.of(value).equals(otherCase))
            .toList();
    if (!others.isEmpty()) {
      String guess =
          others.stream()
              .flatMap(value -> meant(value, known).map(one -> guess(value, one)).stream())
              .collect(Collectors.joining("; "));
      add(
          Weight.SUSPECT,
          "%s has values that no setting names: %s%s."
              .formatted(
                  column, literals(others), look.more() || others.size() > 20 ? " and more" : ""),
          guess.isEmpty()
              ? "What has one of them never expires, and the guard does not keep it from changing."
              : "What has one of them never expires. Did you mean: " + guess + "?",
          "-- name each in lapse.approvals.statuses.pending, approved, rejected or ended; if it is none"
              + " of these, leave it");
    }
  }

  private static String literals(List<String> values) {
    return values.stream().limit(20).map(Sql::literal).collect(Collectors.joining(", "));
  }

  private static String guess(String value, String meant) {
    return "%s for %s".formatted(Sql.literal(value), Sql.literal(meant));
  }

  private Set<String> known() {
    Column status = found.column(settings.columns().status());
    Set<String> known = new HashSet<>(settings.statuses().pending());
    if (status != null) {
      Decisions decisions = Decisions.of(settings.statuses(), status);
      known.addAll(decisions.closed(settings.statuses().expired()));
      known.addAll(decisions.approved());
    }
    return known;
  }

  private static boolean same(String one, String other) {
    return one.strip().equalsIgnoreCase(other.strip());
  }

  /** The configured one that somebody may have misspelt. */
  private static Optional<String> meant(String value, Set<String> known) {
    return known.stream()
        .filter(one -> same(one, value) || (one.length() > 3 && distance(one, value) <= 2))
        .sorted()
        .findFirst();
  }

  /** Letters to insert, take out or replace. */
  private static int distance(String one, String other) {
    String from = one.strip().toLowerCase(Locale.ROOT);
    String to = other.strip().toLowerCase(Locale.ROOT);
    int[] row = new int[to.length() + 1];
    for (int j = 0; j <= to.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= from.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= to.length(); j++) {
        int above = row[j];
        int replaced = diagonal + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
        row[j] = Math.min(replaced, 1 + Math.min(above, row[j - 1]));
        diagonal = above;
      }
    }
    return row[to.length()];
  }

  private void softDeletion() {
    if (settings.condition() != null) {
      return;
    }
    found.columns().entrySet().stream()
        .filter(one -> matches(SOFT_DELETION, one.getKey()))
        .filter(one -> deleted(one.getKey(), one.getValue()) != null)
        .findFirst()
        .ifPresent(
            one ->
                add(
                    Weight.NOTE,
                    "%s.%s looks like soft deletion.".formatted(table, Sql.name(one.getKey())),
                    "A row that is deleted so, and still pending, expires, and an event says so.",
                    "-- if it is: lapse.approvals.condition=%s"
                        .formatted(deleted(one.getKey(), one.getValue()))));
  }

  /** The condition that a row is not deleted; null where the type tells of no deletion. */
  private static @Nullable String deleted(String name, Column column) {
    return switch (column.type()) {
      case "timestamp with time zone", "timestamp without time zone", "date" ->
          Sql.name(name) + " IS NULL";
      case "boolean" -> Sql.name(name) + " IS NOT TRUE";
      default -> null;
    };
  }

  private void optimisticLock() {
    Columns columns = settings.columns();
    if (!columns.version().isEmpty()) {
      return;
    }
    found.columns().entrySet().stream()
        .filter(one -> matches(OPTIMISTIC_LOCK, one.getKey()))
        .filter(one -> one.getValue().generated().isEmpty())
        .filter(one -> Set.of("smallint", "integer", "bigint").contains(one.getValue().type()))
        .findFirst()
        .ifPresent(
            one ->
                add(
                    Weight.NOTE,
                    "%s.%s looks like an optimistic lock.".formatted(table, Sql.name(one.getKey())),
                    "Expiring does not raise it, so a program that has read the row writes over it.",
                    "-- if it is: lapse.approvals.columns.version=" + one.getKey()));
  }

  private static boolean matches(Pattern pattern, String name) {
    String words = name.replaceAll("([a-z])([A-Z])", "$1_$2").toLowerCase(Locale.ROOT);
    return pattern.matcher(words).matches();
  }
}
