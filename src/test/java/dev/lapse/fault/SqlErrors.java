package dev.lapse.fault;

import java.sql.SQLException;
import java.util.Set;

/** What an error of PostgreSQL says about the transaction that met it. */
final class SqlErrors {

  /** Connections, operator interventions, the server's own troubles: anything may have happened. */
  private static final Set<String> VAGUE = Set.of("08", "57", "58", "XX", "F0");

  /** Rolled back by the server, out of resources, not in the state for it. */
  private static final Set<String> PASSING = Set.of("25", "40", "53", "55");

  private SqlErrors() {}

  /** Whether the server answered, so that a commit that met this error did not happen. */
  static boolean isAnswer(SQLException e) {
    return !sqlClass(e).isEmpty() && !VAGUE.contains(sqlClass(e));
  }

  /** Whether a client may meet this while servers fail and others write, and goes on. */
  static boolean isPassing(SQLException e) {
    return !isAnswer(e) || PASSING.contains(sqlClass(e));
  }

  /** Whether the prepared transaction that was named is not there. */
  static boolean isNotThere(SQLException e) {
    return "42704".equals(e.getSQLState());
  }

  private static String sqlClass(SQLException e) {
    String state = e.getSQLState();
    return state == null || state.length() != 5 ? "" : state.substring(0, 2);
  }
}
