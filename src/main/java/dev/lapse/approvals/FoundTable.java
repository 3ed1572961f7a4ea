package dev.lapse.approvals;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The approvals table as it is in the database, at the moment of asking.
 *
 * @param oid of the table
 * @param schema where it is
 * @param kind by pg_class: r is an ordinary table
 * @param role who asks
 * @param schemaUsable whether this role may look into the schema
 * @param rowSecurity whether row-level security applies to this role
 * @param policies of it, those that apply to this role, once for each command
 * @param children tables that inherit from it
 * @param columns by name
 * @param hasPrimaryKey whether the table has a primary key, of whatever columns
 * @param uniqueId whether an index keeps ids apart
 * @param repeatedId one that some rows share, if no index keeps ids apart and one was come upon
 * @param dueIndex that serves what is due, if there is one
 * @param dueIndexName its name, or the one that it should get
 * @param refusals CHECK constraints that do not let a status be expired, by name, with what they
 *     say
 * @param guard its triggers, by name
 * @param triggers others that this role's expiring fires, by name, with their functions: of those
 *     that run with its rights, where their owner may do more
 * @param refusedExpressions settings whose SQL PostgreSQL refuses, with what it says
 */
record FoundTable(
    long oid,
    String schema,
    String kind,
    String role,
    boolean schemaUsable,
    boolean rowSecurity,
    List<Policy> policies,
    List<String> children,
    Map<String, Column> columns,
    boolean hasPrimaryKey,
    boolean uniqueId,
    @Nullable String repeatedId,
    DueIndex dueIndex,
    String dueIndexName,
    Map<String, String> refusals,
    Map<String, Trigger> guard,
    Map<String, String> triggers,
    Map<String, String> refusedExpressions) {

  /** Of the index that serves what is due. */
  enum DueIndex {
    ABSENT,
    /** Left behind by a {@code CREATE INDEX CONCURRENTLY} that failed. */
    INVALID,
    PRESENT
  }

  /**
   * Of row-level security.
   *
   * @param command SELECT or UPDATE
   * @param permissive whether it lets rows by, or holds back what others let by
   * @param open whether it says {@code true} of every row, and of what becomes of it
   */
  record Policy(String command, String name, boolean permissive, boolean open) {}

  /**
   * @param enabled whether it fires for everybody
   * @param refusesNull whether NULL, too, is none of what its condition permits
   * @param arguments what its function is called with
   */
  record Trigger(boolean enabled, boolean refusesNull, List<String> arguments) {}

  @Nullable Column column(String name) {
    return columns.get(name);
  }

  Optional<Column> find(String name) {
    return Optional.ofNullable(columns.get(name));
  }
}
