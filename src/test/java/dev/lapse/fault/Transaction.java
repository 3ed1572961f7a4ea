package dev.lapse.fault;

import dev.lapse.deadline.DeadlinesForTests;
import dev.lapse.fault.Operations.Kind;
import dev.lapse.fault.Operations.Operation;
import dev.lapse.fault.Operations.Outcome;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;

/**
 * One transaction of a client: changes of approvals, each with its event, and noted events. What it
 * did is known to {@link Operations} before its commit is sent, and answered as PostgreSQL answers.
 */
final class Transaction {

  private static final String CREATE =
      """
      INSERT INTO ai_approvals (id, requested_by, action, expires_at)
      VALUES (?::uuid, 'agent', 'deploy', clock_timestamp() + ? * interval '1 ms')
      RETURNING version, expires_at
      """;

  private static final String DECIDE =
      """
      UPDATE ai_approvals SET status = ?, version = version + 1, decided_by = 'approver'
      WHERE id = ?::uuid AND status = 'pending' AND expires_at > clock_timestamp()
      RETURNING version, expires_at
      """;

  private static final String DECIDE_BY_FUNCTION =
      "SELECT outcome FROM decide_approval(?, ?, 'approver')";

  /** Of what this transaction has changed. */
  private static final String CHANGED =
      "SELECT version, expires_at FROM ai_approvals WHERE id = ?::uuid";

  private static final String EXTEND =
      """
      UPDATE ai_approvals SET expires_at = expires_at + ? * interval '1 ms', version = version + 1
      WHERE id = ?::uuid AND status = 'pending' AND expires_at > clock_timestamp()
      RETURNING version, expires_at
      """;

  private static final String EXECUTE =
      """
      UPDATE ai_approvals
      SET status = 'executed', version = version + 1, executed_at = clock_timestamp()
      WHERE id = ?::uuid AND status = 'approved'
      RETURNING version, expires_at
      """;

  private static final String REPORT =
      "INSERT INTO outbox (type, key, payload) VALUES (?, ?, ?::json)";

  private static final String NOTE =
      """
      WITH numbered AS (
        UPDATE workload_counter SET number = number + ? WHERE key = ? RETURNING key, number
      )
      INSERT INTO outbox (type, key, payload)
      SELECT 'Noted', key, json_build_object('number', number - before)
      FROM numbered CROSS JOIN generate_series(? - 1, 0, -1) before
      """;

  private final Connection session;
  private final Operations operations;
  private final PreparedTransactions prepared;
  private final Agenda agenda;
  private final @Nullable String gid;
  private final List<Operation> invoked = new ArrayList<>();
  private boolean ended;

  /**
   * @param gid its name, should it be prepared; null where the server prepares none
   */
  Transaction(
      Connection session,
      Operations operations,
      PreparedTransactions prepared,
      Agenda agenda,
      @Nullable String gid) {
    this.session = session;
    this.operations = operations;
    this.prepared = prepared;
    this.agenda = agenda;
    this.gid = gid;
  }

  void create(UUID approval, long dueInMillis) throws SQLException {
    change(approval, Kind.CREATED, CREATE, approval, dueInMillis);
  }

  /**
   * Whether it was in time.
   *
   * @param byFunction rather than by an UPDATE of its own
   */
  boolean decide(UUID approval, Kind kind, boolean byFunction) throws SQLException {
    if (!byFunction) {
      return change(approval, kind, DECIDE, kind.status(), approval);
    }
    String outcome = "";
    try (PreparedStatement statement = session.prepareStatement(DECIDE_BY_FUNCTION)) {
      statement.setString(1, approval.toString());
      statement.setString(2, kind.status());
      try (ResultSet answer = statement.executeQuery()) {
        answer.next();
        outcome = answer.getString(1);
      }
    } finally {
      if (!outcome.equals("decided")) {
        operations.failed(approval, kind);
      }
    }
    if (outcome.equals("lapsed")) {
      invoked.add(operations.invoke(approval, Kind.TOLD_TOO_LATE, 0, null));
    }
    return outcome.equals("decided") && change(approval, kind, CHANGED, approval);
  }

  /**
   * @param byCommand as {@code lapse extend} does, rather than by an UPDATE of its own
   */
  boolean extend(UUID approval, Duration by, boolean byCommand) throws SQLException {
    if (!byCommand) {
      return change(approval, Kind.EXTENDED, EXTEND, by.toMillis(), approval);
    }
    boolean moved = false;
    try {
      JdbcClient jdbc = JdbcClient.create(new SingleConnectionDataSource(session, true));
      moved = DeadlinesForTests.extend(jdbc, approval.toString(), by);
    } catch (DataAccessException e) {
      if (e.getCause() instanceof SQLException cause) {
        throw cause;
      }
      throw e;
    } finally {
      if (!moved) {
        operations.failed(approval, Kind.EXTENDED);
      }
    }
    return moved && change(approval, Kind.EXTENDED, CHANGED, approval);
  }

  boolean execute(UUID approval) throws SQLException {
    return change(approval, Kind.EXECUTED, EXECUTE, approval);
  }

  private boolean change(UUID approval, Kind kind, String sql, Object... parameters)
      throws SQLException {
    int version = 0;
    Instant deadline = null;
    try (PreparedStatement statement = session.prepareStatement(sql)) {
      for (int n = 0; n < parameters.length; n++) {
        statement.setObject(n + 1, parameters[n]);
      }
      try (ResultSet changed = statement.executeQuery()) {
        if (changed.next()) {
          version = changed.getInt(1);
          deadline = changed.getObject(2, OffsetDateTime.class).toInstant();
        }
      }
    } finally {
      if (version == 0) {
        operations.failed(approval, kind);
      }
    }
    if (version == 0) {
      return false;
    }
    boolean sets = kind == Kind.CREATED || kind == Kind.EXTENDED;
    invoked.add(operations.invoke(approval, kind, version, sets ? deadline : null));
    report(approval, kind, version);
    return true;
  }

  private void report(UUID approval, Kind kind, int version) throws SQLException {
    try (PreparedStatement statement = session.prepareStatement(REPORT)) {
      statement.setString(1, kind.eventType());
      statement.setString(2, approval.toString());
      statement.setString(
          3,
          "{\"approvalId\": \"%s\", \"version\": %d, \"status\": \"%s\"}"
              .formatted(approval, version, kind.status()));
      statement.executeUpdate();
    }
  }

  /** Appends a key's next events, under the lock of its counter. */
  void note(String key, int count) throws SQLException {
    try (PreparedStatement statement = session.prepareStatement(NOTE)) {
      statement.setInt(1, count);
      statement.setString(2, key);
      statement.setInt(3, count);
      statement.executeUpdate();
    }
  }

  void sql(String sql) throws SQLException {
    try (Statement statement = session.createStatement()) {
      statement.execute(sql);
    }
  }

  /** Lets time pass, with everything locked that is. */
  void hold(int millis) throws InterruptedException {
    agenda.rest(Duration.ofMillis(millis));
  }

  void commit() throws SQLException {
    ended = true;
    try {
      session.commit();
      answer(Outcome.OK);
    } catch (SQLException e) {
      if (SqlErrors.isAnswer(e)) {
        answer(Outcome.FAILED);
      }
      throw e;
    }
  }

  /** Prepares it where the server can, lets time pass, and commits it or rolls it back. */
  void prepareAndEnd(boolean commit, int millis) throws SQLException, InterruptedException {
    if (gid == null) {
      hold(millis);
      end(commit);
      return;
    }
    ended = true;
    prepared.prepare(session, gid, commit, invoked);
    session.setAutoCommit(true); // in the server there is no transaction any more
    hold(millis);
    prepared.end(session, gid);
    session.setAutoCommit(false);
  }

  void end(boolean commit) throws SQLException {
    if (commit) {
      commit();
    } else {
      rollback();
    }
  }

  void rollback() throws SQLException {
    abandon();
    session.rollback();
  }

  /** Its commit was never sent, unless it was: then what was not answered stays unknown. */
  void abandon() {
    if (!ended) {
      ended = true;
      answer(Outcome.FAILED);
    }
  }

  private void answer(Outcome outcome) {
    invoked.forEach(operation -> operations.answer(operation, outcome));
  }
}
