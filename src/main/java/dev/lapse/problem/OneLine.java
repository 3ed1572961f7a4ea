package dev.lapse.problem;

/**
 * Makes what somebody else wrote fit to stand in a line of ours: nothing in it ends the line, moves
 * a terminal's cursor or turns the direction of writing.
 */
public final class OneLine {

  private OneLine() {}

  /** The same text, with each such character as {@code \\uXXXX}. */
  public static String of(String text) {
    StringBuilder escaped = null;
    for (int at = 0; at < text.length(); ) {
      int character = text.codePointAt(at);
      int after = at + Character.charCount(character);
      if (isUnfit(character)) {
        if (escaped == null) {
          escaped = new StringBuilder(text.length() + 16).append(text, 0, at);
        }
        escaped.append("\\u%04x".formatted(character));
      } else if (escaped != null) {
        escaped.appendCodePoint(character);
      }
      at = after;
    }
    return escaped == null ? text : escaped.toString();
  }

  private static boolean isUnfit(int character) {
    return switch (Character.getType(character)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.SURROGATE ->
          true; // half a surrogate pair cannot even be encoded
      default -> false;
    };
  }
}
