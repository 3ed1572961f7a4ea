package dev.lapse.expiration;

import dev.lapse.problem.Reasons;
import java.sql.SQLException;
import java.util.Optional;
import java.util.regex.Pattern;
import org.postgresql.util.PSQLException;

/**
 * An approval that the database does not let expire, for what is in its row.
 *
 * @param id the approval's
 * @param reason what the database said, in one line and without the row
 */
public record Refusal(String id, String reason) {

  /**
   * Data, constraints, and what functions meet or raise: in PL/pgSQL, in other languages, or with a
   * class of their own, which none of PostgreSQL's is. Of others that is {@linkplain #isDoubtful
   * not certain}.
   */
  private static final Pattern OF_A_ROW =
      Pattern.compile("(09|2[01237F]|3[89]|4[45]|(?!F0|HV|XX)[A-Z].)...");

  /** Of the connection, the server or the moment: no approval is to blame. */
  private static final Pattern OF_THE_SERVER = Pattern.compile("(08|25|28|3D|40|53|57P|F0).*");

  private static final String UNIQUE_VIOLATION = "23505";

  /** An id of the outbox that was issued before: its sequence is behind, for every approval. */
  private static boolean isOfTheOutbox(SQLException failure) {
    return UNIQUE_VIOLATION.equals(failure.getSQLState())
        && failure instanceof PSQLException error
        && error.getServerErrorMessage() != null
        && "outbox".equals(error.getServerErrorMessage().getTable());
  }

  /**
   * Whether a failure may be about one row, or about all: a privilege or a name that a trigger
   * needs for some, a row that is too large or damaged, a lock or a time-out.
   */
  static boolean isDoubtful(Exception failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof SQLException error
          && error.getSQLState() != null
          && !OF_THE_SERVER.matcher(error.getSQLState()).matches()) {
        return true;
      }
    }
    return false;
  }

  /** What a failure says, if it is about a row. */
  static Optional<String> reason(Exception failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof SQLException error
          && error.getSQLState() != null
          && !isOfTheOutbox(error)
          && OF_A_ROW.matcher(error.getSQLState()).matches()) {
        return Optional.of(Reasons.of(error));
      }
    }
    return Optional.empty();
  }
}
