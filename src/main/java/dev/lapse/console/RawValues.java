package dev.lapse.console;

import dev.lapse.approvals.ApprovalsTable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DataIntegrityViolationException;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * The row of an approval and the record of an event as the tables have them, as far as the role of
 * the service may read them.
 */
final class RawValues {

  /** Characters of one value; the rest is left out. */
  static final int LONGEST = 20_000;

  private static final String COLUMNS =
      """
      SELECT attname AS name, has_column_privilege(attrelid, attnum, 'SELECT') AS readable
      FROM pg_attribute
      WHERE attrelid = ${approvals_literal}::regclass AND attnum > 0 AND NOT attisdropped
      ORDER BY attnum
      """;

  private static final String ROW =
      """
      SELECT ARRAY[%s] FROM ${approvals} approval WHERE approval.${id} = :id::${id_type}
      """;

  private static final List<String> OF_A_RECORD =
      List.of("id", "event_id", "type", "topic", "key", "occurred_at", "headers", "payload");

  private static final String RECORD = "SELECT ARRAY[%s] FROM outbox WHERE id = :id";

  private final JdbcClient jdbc;
  private final ApprovalsTable table;

  RawValues(JdbcClient jdbc, ApprovalsTable table) {
    this.jdbc = jdbc;
    this.table = table;
  }

  /**
   * @param value as text; null for NULL
   * @param unreadable whether the role of the service may not read it
   */
  record Value(String name, @Nullable String value, boolean unreadable) {}

  /**
   * @throws Actions.RefusedException if there is no such approval
   */
  List<Value> row(String id) {
    List<Column> columns = jdbc.sql(table.sql(COLUMNS)).query(Column.class).list();
    List<String> readable = columns.stream().filter(Column::readable).map(Column::name).toList();
    try {
      List<@Nullable String> values =
          read(table.sql(ROW.formatted(texts("approval.", readable))), id, "approval");
      List<Value> row = new ArrayList<>();
      for (Column column : columns) {
        row.add(
            new Value(
                column.name(),
                column.readable() ? values.get(readable.indexOf(column.name())) : null,
                !column.readable()));
      }
      return row;
    } catch (DataIntegrityViolationException e) { // the id is of another type
      throw absent("approval");
    }
  }

  /**
   * @throws Actions.RefusedException if there is no such record
   */
  List<Value> record(long id) {
    List<@Nullable String> values = read(RECORD.formatted(texts("", OF_A_RECORD)), id, "record");
    List<Value> record = new ArrayList<>();
    for (int i = 0; i < OF_A_RECORD.size(); i++) {
      record.add(new Value(OF_A_RECORD.get(i), values.get(i), false));
    }
    return record;
  }

  private List<@Nullable String> read(String sql, Object id, String what) {
    return jdbc.sql(sql)
        .param("id", id)
        .query(
            (row, number) -> Arrays.<@Nullable String>asList((String[]) row.getArray(1).getArray()))
        .optional()
        .orElseThrow(() -> absent(what));
  }

  private static String texts(String of, List<String> columns) {
    return columns.stream()
        .map(name -> "left(%s%s::text, %d)".formatted(of, ApprovalsTable.quoted(name), LONGEST))
        .collect(Collectors.joining(", "));
  }

  private static Actions.RefusedException absent(String what) {
    return new Actions.RefusedException(404, "There is no such %s.".formatted(what));
  }

  static Map<String, Object> shown(List<Value> values) {
    return Map.of("columns", values);
  }

  private record Column(String name, boolean readable) {}
}
