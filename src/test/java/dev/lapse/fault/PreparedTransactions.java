package dev.lapse.fault;

import dev.lapse.fault.Operations.Operation;
import dev.lapse.fault.Operations.Outcome;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The transaction manager of the workload's prepared transactions: it notes what it is about to do
 * before it does it, so that whatever a crash leaves prepared is ended as it was meant to.
 */
final class PreparedTransactions {

  private enum Stage {
    PREPARING,
    PREPARED,
    ENDING
  }

  private record InDoubt(Stage stage, boolean commit, List<Operation> operations) {}

  private final Operations operations;
  private final Map<String, InDoubt> inDoubt = new ConcurrentHashMap<>();

  PreparedTransactions(Operations operations) {
    this.operations = operations;
  }

  /**
   * Prepares what the session has done.
   *
   * @param commit how it is to be ended
   * @param invoked the operations that are part of it
   */
  void prepare(Connection session, String gid, boolean commit, List<Operation> invoked)
      throws SQLException {
    inDoubt.put(gid, new InDoubt(Stage.PREPARING, commit, List.copyOf(invoked)));
    try {
      execute(session, "PREPARE TRANSACTION '" + gid + "'");
      inDoubt.put(gid, new InDoubt(Stage.PREPARED, commit, List.copyOf(invoked)));
    } catch (SQLException e) {
      if (SqlErrors.isAnswer(e)) {
        settle(gid, Outcome.FAILED);
      }
      throw e;
    }
  }

  /** Ends what was prepared, as was decided then. The session must be in no transaction. */
  void end(Connection session, String gid) throws SQLException {
    InDoubt prepared = inDoubt.get(gid);
    if (prepared == null) {
      return;
    }
    if (prepared.stage() == Stage.PREPARED) {
      inDoubt.put(gid, new InDoubt(Stage.ENDING, prepared.commit(), prepared.operations()));
    }
    try {
      execute(session, (prepared.commit() ? "COMMIT" : "ROLLBACK") + " PREPARED '" + gid + "'");
      settle(gid, prepared.commit() ? Outcome.OK : Outcome.FAILED);
    } catch (SQLException e) {
      if (!SqlErrors.isNotThere(e)) {
        throw e;
      }
      settle(gid, outcomeOfAbsent(prepared));
    }
  }

  /** What became of it, if nothing of that name is prepared any more, or yet. */
  private static Outcome outcomeOfAbsent(InDoubt transaction) {
    return switch (transaction.stage()) {
      case PREPARING -> Outcome.FAILED;
      case PREPARED -> throw new IllegalStateException("PostgreSQL lost " + transaction);
      case ENDING -> transaction.commit() ? Outcome.OK : Outcome.FAILED;
    };
  }

  /** Ends those of a client whose session broke after they were prepared. */
  void endPrepared(Connection session, String prefix) throws SQLException {
    for (Map.Entry<String, InDoubt> entry : inDoubt.entrySet()) {
      // One that was being prepared may be so only in a moment: its old session may still be at it.
      if (entry.getKey().startsWith(prefix) && entry.getValue().stage() != Stage.PREPARING) {
        end(session, entry.getKey());
      }
    }
  }

  /** Ends all there are. Only once no session of the clients is alive any more. */
  void endAll(Connection session) throws SQLException {
    for (String gid : inDoubt.keySet()) {
      end(session, gid);
    }
  }

  private void settle(String gid, Outcome outcome) {
    InDoubt settled = inDoubt.remove(gid);
    if (settled != null) {
      settled.operations().forEach(operation -> operations.answer(operation, outcome));
    }
  }

  private static void execute(Connection session, String sql) throws SQLException {
    try (Statement statement = session.createStatement()) {
      statement.execute(sql);
    }
  }
}
