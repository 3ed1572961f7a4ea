package dev.lapse.problem;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Puts what a failure says into one line. Adds only ASCII characters: it is also written to the
 * database, whose encoding may have no others.
 */
public final class Reasons {

  /** Longer texts are cut: they go to logs and health, and may quote what somebody wrote. */
  private static final int MAX_LENGTH = 500;

  /** Of them, those that are kept of the end: there the innermost cause says what to do. */
  private static final int TAIL = 300;

  /** Whatever stands before an @ in a URL: a user, a password. */
  private static final Pattern CREDENTIALS = Pattern.compile("://\\S*@");

  /** Kafka quotes what it does not understand of a login, which may be its password. */
  private static final Pattern QUOTED = Pattern.compile("'[^']*'");

  private Reasons() {}

  /** The messages of an exception and its causes, outermost first, without repetition. */
  public static String of(Throwable failure) {
    List<String> messages = new ArrayList<>();
    for (Throwable cause = failure;
        cause != null && messages.size() < 5;
        cause = cause.getCause()) {
      if (quotesAStatement(cause)) {
        continue;
      }
      String message =
          cause.getMessage() == null ? cause.getClass().getSimpleName() : firstLine(cause);
      if (messages.stream().noneMatch(said -> said.contains(message))) {
        messages.add(message);
      }
    }
    String line = withoutCredentials(String.join(": ", messages));
    // Escaped after it is cut, which may leave half a surrogate pair.
    return line.length() <= MAX_LENGTH
        ? OneLine.of(line)
        : OneLine.of(line.substring(0, MAX_LENGTH - TAIL))
            + "..."
            + OneLine.of(line.substring(line.length() - TAIL));
  }

  /** What Spring says of a statement that failed begins with the statement. */
  private static boolean quotesAStatement(Throwable cause) {
    return cause.getCause() instanceof SQLException
        && cause.getClass().getName().startsWith("org.springframework.");
  }

  /** Without what stands before an @ in any URL of {@code text}. */
  public static String withoutCredentials(String text) {
    return CREDENTIALS.matcher(text).replaceAll("://...@");
  }

  private static String firstLine(Throwable cause) {
    String line = String.valueOf(cause.getMessage()).lines().findFirst().orElse("").strip();
    return line.contains("JAAS config") ? QUOTED.matcher(line).replaceAll("'...'") : line;
  }
}
