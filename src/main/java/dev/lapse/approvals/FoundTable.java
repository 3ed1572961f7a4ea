package dev.lapse.approvals;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The approvals table as it is in the database, at the moment of asking.
 *
 * @param schema where it is
 * @param kind by pg_class: r is an ordinary table
 * @param role who asks
 * @param schemaUsable whether this role may look into the schema
 * @param rowSecurity whether row-level security applies to this role and no policy lets it by
 * @param columns by name
 * @param uniqueId whether an index keeps ids apart
 * @param dueIndex that serves what is due, if there is one
 * @param dueIndexName its name, or the one that it should get
 * @param refusals CHECK constraints that do not let a status be expired, by name, with what they
 *     say
 * @param guard its triggers, by name
 */
record FoundTable(
    String schema,
    String kind,
    String role,
    boolean schemaUsable,
    boolean rowSecurity,
    Map<String, Column> columns,
    boolean uniqueId,
    DueIndex dueIndex,
    String dueIndexName,
    Map<String, String> refusals,
    Map<String, Trigger> guard) {

  /** Of the index that serves what is due. */
  enum DueIndex {
    ABSENT,
    /** Left behind by a {@code CREATE INDEX CONCURRENTLY} that failed. */
    INVALID,
    PRESENT
  }

  /**
   * @param enabled whether it fires for everybody
   * @param arguments what its function is called with
   */
  record Trigger(boolean enabled, List<String> arguments) {}

  @Nullable Column column(String name) {
    return columns.get(name);
  }

  Optional<Column> find(String name) {
    return Optional.ofNullable(columns.get(name));
  }
}
