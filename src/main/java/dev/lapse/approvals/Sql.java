package dev.lapse.approvals;

import java.util.Collection;
import java.util.stream.Collectors;

/** Names and values as parts of a statement, whatever they hold. */
final class Sql {

  private Sql() {}

  static String name(String name) {
    return '"' + name.replace("\"", "\"\"") + '"';
  }

  /**
   * With a backslash in it, in the notation that means the same whatever the session's settings.
   */
  static String literal(String value) {
    String quoted = '\'' + value.replace("'", "''") + '\'';
    return value.indexOf('\\') < 0 ? quoted : 'E' + quoted.replace("\\", "\\\\");
  }

  static String literals(Collection<String> values) {
    return values.stream().map(Sql::literal).collect(Collectors.joining(", "));
  }

  /** For a statement without parameters: what looks like one, is none. */
  static String withoutParameters(String statement) {
    return statement.replace("?", "??");
  }
}
