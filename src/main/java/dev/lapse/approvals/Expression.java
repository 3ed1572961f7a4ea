package dev.lapse.approvals;

/**
 * An SQL expression out of the settings. PostgreSQL decides whether it is one; what is refused here
 * would end it, hide what follows it, or be taken for a parameter.
 */
final class Expression {

  private static final int MOST_CHARACTERS = 1000;

  /** Outside of quotes: ends of statements, parameters, escapes of JDBC. */
  private static final String REFUSED = ";?{}";

  private Expression() {}

  /**
   * @param setting its name, for the message
   * @throws IllegalArgumentException says what is not to be in it
   */
  static void require(String setting, String expression) {
    String flaw = flaw(expression);
    if (flaw != null) {
      throw new IllegalArgumentException(
          "%s is \"%s\", which %s: set one SQL expression".formatted(setting, expression, flaw));
    }
  }

  private static @org.jspecify.annotations.Nullable String flaw(String expression) {
    if (expression.isBlank() || expression.length() > MOST_CHARACTERS) {
      return "is not 1 to %d characters long".formatted(MOST_CHARACTERS);
    }
    int depth = 0;
    char quote = 0;
    for (int i = 0; i < expression.length(); i++) {
      char c = expression.charAt(i);
      char next = i + 1 < expression.length() ? expression.charAt(i + 1) : 0;
      if (c == 0 || c == '$' || c == '\\') {
        return "has a dollar sign, a backslash or a NUL in it";
      }
      if (quote != 0) {
        quote = c == quote ? 0 : quote; // a doubled one opens it again
      } else if (c == '\'' || c == '"') {
        quote = c;
      } else if (REFUSED.indexOf(c) >= 0) {
        return "has %s in it".formatted(c);
      } else if ((c == '-' && next == '-') || (c == '/' && next == '*')) {
        return "has a comment in it";
      } else if (c == ':' && next == ':') {
        i++;
      } else if (c == ':') {
        return "has a colon in it that is no ::";
      } else if (c == '(') {
        depth++;
      } else if (c == ')' && --depth < 0) {
        return "closes a parenthesis that it did not open";
      }
    }
    return quote != 0 || depth != 0 ? "leaves a quote or a parenthesis open" : null;
  }
}
