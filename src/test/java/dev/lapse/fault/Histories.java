package dev.lapse.fault;

import dev.lapse.fault.History.Approval;
import dev.lapse.fault.History.OutboxRow;
import dev.lapse.support.EventConsumer.Event;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.UUID;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Reads what a history says of the database, once nobody writes any more. */
public final class Histories {

  private Histories() {}

  public static History read(JdbcClient jdbc, Operations operations, List<Event> received) {
    return History.of(operations.all(), approvals(jdbc), outbox(jdbc), received)
        .ladder(Workload.LADDER);
  }

  public static List<OutboxRow> outbox(JdbcClient jdbc) {
    return jdbc.sql(
            "SELECT id, event_id::text, type, key, payload::text, occurred_at FROM outbox ORDER BY id")
        .query((row, n) -> outboxRow(row))
        .list();
  }

  static OutboxRow outboxRow(ResultSet row) throws SQLException {
    return new OutboxRow(
        row.getLong("id"),
        row.getString("event_id"),
        row.getString("type"),
        row.getString("key"),
        row.getString("payload"),
        time(row, "occurred_at"));
  }

  public static List<Approval> approvals(JdbcClient jdbc) {
    return jdbc.sql(
            "SELECT id, status, version, created_at, expires_at, executed_at FROM ai_approvals")
        .query(
            (row, n) ->
                new Approval(
                    row.getObject("id", UUID.class),
                    row.getString("status"),
                    row.getInt("version"),
                    time(row, "created_at"),
                    time(row, "expires_at"),
                    row.getObject("executed_at") == null ? null : time(row, "executed_at")))
        .list();
  }

  private static Instant time(ResultSet row, String column) throws SQLException {
    return row.getObject(column, OffsetDateTime.class).toInstant();
  }
}
