package dev.lapse.approvals;

import dev.lapse.approvals.FoundTable.DueIndex;
import dev.lapse.approvals.FoundTable.Policy;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.RowCallbackHandler;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Asks PostgreSQL's catalog about the approvals table. Needs no privilege on the table itself. */
final class Catalog {

  private static final String TABLE =
      """
      SELECT class.oid::bigint AS oid,
             namespace.nspname AS schema,
             class.relkind::text AS kind,
             current_user::text AS role,
             has_schema_privilege(namespace.oid, 'USAGE') AS schema_usable,
             row_security_active(class.oid) AS row_security
      FROM pg_class class JOIN pg_namespace namespace ON namespace.oid = class.relnamespace
      WHERE class.relname = :table
        AND class.relkind IN ('r', 'p', 'v', 'm', 'f')
        AND CASE WHEN :schema::text IS NULL THEN pg_table_is_visible(class.oid)
                 ELSE namespace.nspname = :schema END
      """;

  private static final String ELSEWHERE =
      """
      SELECT namespace.nspname
      FROM pg_class class JOIN pg_namespace namespace ON namespace.oid = class.relnamespace
      WHERE class.relname = :table AND class.relkind IN ('r', 'p')
        AND namespace.nspname !~ '^pg_'
      ORDER BY namespace.nspname
      LIMIT 5
      """;

  private static final String CHILDREN =
      """
      SELECT inhrelid::regclass::text
      FROM pg_inherits JOIN pg_class parent ON parent.oid = inhparent
      WHERE inhparent = :oid::oid AND parent.relkind = 'r'
      ORDER BY 1
      """;

  /** Those that this role goes by, once for each command. */
  private static final String POLICIES =
      """
      SELECT command,
             polname::text AS name,
             polpermissive AS permissive,
             coalesce(pg_get_expr(polqual, polrelid) = 'true', false)
               AND (command = 'SELECT'
                    OR coalesce(pg_get_expr(polwithcheck, polrelid) = 'true', true)) AS open
      FROM (VALUES ('SELECT', 'r'), ('UPDATE', 'w')) asked (command, letter)
      JOIN pg_policy ON polcmd::text IN (letter, '*')
      WHERE polrelid = :oid::oid
        AND EXISTS (SELECT FROM unnest(polroles) to_role
                    WHERE CASE to_role WHEN 0 THEN true ELSE pg_has_role(to_role, 'USAGE') END)
      ORDER BY polname, command
      """;

  private static final String COLUMNS =
      """
      SELECT attname AS name,
             attnum AS number,
             format_type(base.oid, NULL) AS type,
             format_type(atttypid, NULL) AS declared,
             coalesce(nullif(atttypmod, -1), base.modifier) AS modifier,
             attgenerated::text AS generated,
             base.typtype = 'e' AS is_enum,
             ARRAY(SELECT enumlabel::text FROM pg_enum
                   WHERE enumtypid = base.oid ORDER BY enumsortorder) AS labels,
             has_column_privilege(attrelid, attnum, 'SELECT') AS readable,
             has_column_privilege(attrelid, attnum, 'UPDATE') AS writable
      FROM pg_attribute
      CROSS JOIN LATERAL ( -- what is below a domain, and a domain over a domain
        WITH RECURSIVE below (oid, typtype, typbasetype, modifier) AS (
          SELECT oid, typtype, typbasetype, typtypmod FROM pg_type WHERE pg_type.oid = atttypid
          UNION ALL
          SELECT pg_type.oid, pg_type.typtype, pg_type.typbasetype,
                 coalesce(nullif(below.modifier, -1), pg_type.typtypmod)
          FROM below JOIN pg_type ON pg_type.oid = below.typbasetype
        )
        SELECT oid, typtype, modifier FROM below WHERE typbasetype = 0
      ) base
      WHERE attrelid = :oid::oid AND attnum > 0 AND NOT attisdropped
      """;

  /** Those that speak of the status alone, and so can be asked about a value. */
  private static final String CHECKS =
      """
      SELECT conname::text AS name, pg_get_expr(conbin, conrelid) AS condition
      FROM pg_constraint
      WHERE conrelid = :oid::oid AND contype = 'c' AND conkey = ARRAY[:status::smallint]
      """;

  private static final String MIGRATED = "SELECT to_regclass('outbox') IS NOT NULL";

  private final JdbcClient jdbc;
  private final ApprovalsSettings settings;
  private final SessionSettings session;

  Catalog(JdbcClient jdbc, ApprovalsSettings settings, SessionSettings session) {
    this.jdbc = jdbc;
    this.settings = settings;
    this.session = session;
  }

  /** The table, if it is there. */
  Optional<FoundTable> find() {
    return jdbc.sql(TABLE)
        .param("schema", settings.schema())
        .param("table", settings.table())
        .query(Place.class)
        .optional()
        .map(this::read);
  }

  /** Schemas in which there is a table of that name. */
  List<String> elsewhere() {
    return jdbc.sql(ELSEWHERE).param("table", settings.table()).query(String.class).list();
  }

  private FoundTable read(Place place) {
    Map<String, Column> columns = new TreeMap<>();
    jdbc.sql(COLUMNS)
        .param("oid", place.oid())
        .query(
            (RowCallbackHandler)
                row -> {
                  columns.put(row.getString("name"), column(row));
                });
    Column id = columns.get(settings.columns().id());
    Column status = columns.get(settings.columns().status());
    Column expiresAt = columns.get(settings.columns().expiresAt());
    Indexes indexes = new Indexes(jdbc, settings, place.oid());
    Triggers triggers = new Triggers(jdbc, settings, place.oid());
    Optional<Indexes.Due> due =
        id == null || status == null || expiresAt == null
            ? Optional.empty()
            : indexes.due(id, status, expiresAt);
    return new FoundTable(
        place.oid(),
        place.schema(),
        place.kind(),
        place.role(),
        place.schemaUsable(),
        place.rowSecurity(),
        policies(place),
        jdbc.sql(CHILDREN).param("oid", place.oid()).query(String.class).list(),
        columns,
        indexes.hasPrimaryKey(),
        id != null && indexes.isUnique(id),
        id == null || !id.readable() || indexes.isUnique(id) ? null : indexes.repeated(),
        due.map(index -> index.valid() ? DueIndex.PRESENT : DueIndex.INVALID)
            .orElse(DueIndex.ABSENT),
        due.map(Indexes.Due::name).orElseGet(indexes::freeName),
        status == null ? Map.of() : refusals(place, status),
        triggers.guard(),
        triggers.others(SetColumn.names(settings, columns)),
        new Expressions(jdbc, settings, session).refused(columns, due.isPresent()));
  }

  private static Column column(ResultSet row) throws SQLException {
    return new Column(
        row.getInt("number"),
        row.getString("type"),
        row.getString("declared"),
        row.getInt("modifier"),
        row.getString("generated"),
        row.getBoolean("is_enum"),
        List.of((String[]) row.getArray("labels").getArray()),
        row.getBoolean("readable"),
        row.getBoolean("writable"));
  }

  private List<Policy> policies(Place place) {
    return jdbc.sql(POLICIES).param("oid", place.oid()).query(Policy.class).list();
  }

  private Map<String, String> refusals(Place place, Column status) {
    Map<String, String> refusals = new LinkedHashMap<>();
    for (Constraint check :
        jdbc.sql(CHECKS)
            .param("oid", place.oid())
            .param("status", status.number())
            .query(Constraint.class)
            .list()) {
      if (refuses(check, status)) {
        refusals.put(check.name(), check.condition());
      }
    }
    return refusals;
  }

  private boolean refuses(Constraint check, Column status) {
    String ask =
        "SELECT (%s) IS FALSE FROM (SELECT %s::%s AS %s) approval"
            .formatted(
                check.condition(),
                Sql.literal(settings.statuses().expired()),
                status.type().equals("character") ? "bpchar" : status.type(), // or it is cut to one
                Sql.name(settings.columns().status()));
    try {
      return jdbc.sql(ask).query(Boolean.class).single();
    } catch (DataAccessException e) {
      return false; // it is no value of the type, which another check tells
    }
  }

  private record Place(
      long oid,
      String schema,
      String kind,
      String role,
      boolean schemaUsable,
      boolean rowSecurity) {}

  private record Constraint(String name, String condition) {}

  /** Whether the migrations have run, which bring the index, too. */
  boolean isMigrated() {
    return jdbc.sql(MIGRATED).query(Boolean.class).single();
  }
}
