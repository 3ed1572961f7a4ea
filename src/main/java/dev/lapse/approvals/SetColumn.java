package dev.lapse.approvals;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * A further column that expiring sets.
 *
 * @param expression what to, as SQL
 */
record SetColumn(Column column, String expression) {

  private static final Set<String> NOW =
      Set.of("now()", "current_timestamp", "transaction_timestamp()", "localtimestamp");

  /** By column, in the order of their names. Keys that name none are left out. */
  static Map<String, SetColumn> of(ApprovalsSettings settings, FoundTable found) {
    return of(settings, found.columns());
  }

  static Map<String, SetColumn> of(ApprovalsSettings settings, Map<String, Column> columns) {
    Map<String, SetColumn> set = new TreeMap<>();
    settings
        .set()
        .forEach(
            (key, expression) -> {
              List<String> names = names(key, columns);
              if (names.size() == 1) {
                Column column = columns.get(names.get(0));
                if (column != null) {
                  set.put(names.get(0), new SetColumn(column, expression));
                }
              }
            });
    return set;
  }

  /** The columns that are set. */
  static List<String> names(ApprovalsSettings settings, Map<String, Column> columns) {
    return List.copyOf(of(settings, columns).keySet());
  }

  /** The columns that a key of the settings may mean. */
  static List<String> names(String key, Map<String, Column> columns) {
    return columns.containsKey(key)
        ? List.of(key)
        : columns.keySet().stream()
            .filter(name -> plain(name).equals(plain(key)))
            .sorted()
            .toList();
  }

  private static String plain(String name) {
    return name.replaceAll("[^\\p{L}\\p{N}]", "").toLowerCase(Locale.ROOT);
  }

  boolean isNow() {
    return NOW.contains(expression.strip().toLowerCase(Locale.ROOT));
  }
}
