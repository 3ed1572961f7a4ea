package dev.lapse.approvals;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A condition as PostgreSQL writes it in a plan, without regard to the order of what it joins by
 * AND, or of the values in a list.
 *
 * @param parts what AND joins, sorted
 */
record Predicate(List<String> parts) {

  private static final Pattern FILTER = Pattern.compile("\"Filter\": \"((?:[^\"\\\\]|\\\\.)*)\"");

  /** Whose values need no quotes, so that none of them holds a comma. */
  private static final Pattern LIST = Pattern.compile("'\\{([^{}\"']*)}'");

  Predicate {
    parts = parts.stream().sorted().toList();
  }

  /** Of a plan in JSON that has one filter; null if there is none. */
  static @Nullable Predicate ofPlan(String json) {
    Matcher filter = FILTER.matcher(json);
    return filter.find() ? new Predicate(split(filter.group(1).replaceAll("\\\\(.)", "$1"))) : null;
  }

  private static List<String> split(String filter) {
    String text = filter.startsWith("(") ? filter.substring(1, filter.length() - 1) : filter;
    List<String> parts = new ArrayList<>();
    int depth = 0;
    char quote = 0;
    int from = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (quote != 0) {
        quote = c == quote ? 0 : quote;
      } else if (c == '\'' || c == '"') {
        quote = c;
      } else if (c == '(') {
        depth++;
      } else if (c == ')') {
        depth--;
      } else if (depth == 0 && text.startsWith(" AND ", i)) {
        parts.add(inOrder(text.substring(from, i)));
        from = i + 5;
      }
    }
    parts.add(inOrder(text.substring(from)));
    return parts.size() == 1 ? List.of(inOrder(filter)) : parts;
  }

  private static String inOrder(String part) {
    return LIST.matcher(part)
        .replaceAll(
            list -> {
              String[] values = list.group(1).split(",", -1);
              Arrays.sort(values);
              return Matcher.quoteReplacement("'{" + String.join(",", values) + "}'");
            });
  }
}
