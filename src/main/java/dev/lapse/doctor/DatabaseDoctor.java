package dev.lapse.doctor;

import dev.lapse.outbox.OriginSource;
import dev.lapse.platform.DatabaseProbe;
import dev.lapse.problem.Problem;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Asks PostgreSQL. */
public final class DatabaseDoctor {

  /** Deadlines go by the database's clock, so people notice a difference, but nothing breaks. */
  private static final Duration SKEW = Duration.ofSeconds(2);

  private static final String VERSION = "SELECT current_setting('server_version')";

  /** What the server, the database and the role let this role open; -1 is no limit. */
  private static final String CONNECTIONS =
      """
      SELECT current_setting('max_connections')::int
               - current_setting('superuser_reserved_connections')::int AS server,
             (SELECT datconnlimit FROM pg_database WHERE datname = current_database()) AS database,
             (SELECT CASE WHEN rolsuper THEN -1 ELSE rolconnlimit END
              FROM pg_roles WHERE rolname = current_user) AS role
      """;

  private static final String CLOCK =
      "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint";

  /** What the statements of the service need of whatever role it has. */
  private static final String NOT_GRANTED =
      """
      SELECT format('%s on %s', privilege, name)
      FROM (VALUES
        ('outbox', 'SELECT'), ('outbox_identity', 'SELECT'), ('outbox_flush', 'SELECT'),
        ('outbox_flush', 'UPDATE'), ('relay_checkpoint', 'SELECT'), ('relay_checkpoint', 'INSERT'),
        ('relay_checkpoint', 'UPDATE'), ('replay', 'SELECT'), ('replay', 'INSERT'),
        ('replay', 'UPDATE'), ('last_error', 'SELECT'), ('last_error', 'INSERT'),
        ('last_error', 'UPDATE'), ('dead_letter', 'SELECT'), ('dead_letter', 'INSERT'),
        ('dead_letter', 'UPDATE'), ('dead_letter', 'DELETE'), ('pause', 'SELECT'),
        ('pause', 'INSERT'), ('pause', 'UPDATE'), ('pause', 'DELETE'),
        ('restamp', 'SELECT'), ('retention', 'SELECT'),
        ('extension', 'SELECT'), ('extension', 'INSERT'), ('extension', 'UPDATE'),
        ('deadline_move', 'SELECT'), ('deadline_move', 'INSERT'), ('next_step', 'SELECT'),
        ('next_step', 'INSERT'), ('next_step', 'UPDATE'), ('next_step', 'DELETE'),
        ('late_decision', 'SELECT'), ('late_decision', 'DELETE')
      ) needed (name, privilege)
      WHERE NOT has_table_privilege(name, privilege)
      UNION ALL
      SELECT format('%s (%s) on %s', privilege, column_name, name)
      FROM (VALUES
        ('outbox', 'type', 'INSERT'), ('outbox', 'key', 'INSERT'), ('outbox', 'payload', 'INSERT'),
        ('outbox', 'headers', 'INSERT'), ('outbox', 'occurred_at', 'INSERT'),
        ('late_decision', 'counted', 'UPDATE')
      ) needed (name, column_name, privilege)
      WHERE NOT has_column_privilege(name, column_name, privilege)
      UNION ALL
      SELECT 'EXECUTE on ' || name
      FROM (VALUES ('purge_outbox(bigint, interval, integer)'), ('restamp_outbox(bigint, integer)'))
        needed (name)
      WHERE NOT has_function_privilege(name, 'EXECUTE')
      UNION ALL
      SELECT 'SELECT on outbox_id_seq' WHERE NOT has_sequence_privilege('outbox_id_seq', 'SELECT')
      """;

  /**
   * Lapse's own tables of which a policy may hide rows, from this role or, where it is forced, from
   * the owner's functions. One that hides none does no harm.
   */
  private static final String HIDDEN =
      """
      SELECT pg_class.oid::regclass::text FROM pg_class
      WHERE oid IN (SELECT to_regclass(name) FROM (VALUES
              ('outbox'), ('outbox_identity'), ('outbox_flush'), ('relay_checkpoint'), ('replay'),
              ('last_error'), ('dead_letter'), ('pause'), ('restamp'), ('retention'), ('extension'),
              ('deadline_move'), ('next_step'), ('late_decision')) own (name))
        AND (row_security_active(oid) OR relrowsecurity AND relforcerowsecurity)
        AND (EXISTS (SELECT FROM pg_policy WHERE polrelid = pg_class.oid AND NOT polpermissive)
             OR NOT EXISTS (
               SELECT FROM pg_policy
               WHERE polrelid = pg_class.oid AND polcmd = '*' AND polroles = '{0}'
                 AND pg_get_expr(polqual, polrelid) = 'true'
                 AND coalesce(pg_get_expr(polwithcheck, polrelid), 'true') = 'true'))
      ORDER BY 1
      """;

  private static final String SEQUENCE =
      """
      SELECT (SELECT seqcache FROM pg_sequence WHERE seqrelid = 'outbox_id_seq'::regclass) AS cache,
             last_value + CASE WHEN is_called THEN 1 ELSE 0 END AS next,
             coalesce((SELECT max(id) FROM outbox), 0) AS highest
      FROM outbox_id_seq
      """;

  /** Of the path that names are looked up on, the schemas in which anybody may create. */
  private static final String OPEN_SCHEMAS =
      """
      SELECT quote_ident(nspname) FROM pg_namespace
      WHERE nspname = ANY (current_schemas(false))
        AND has_schema_privilege('public', oid, 'CREATE')
      ORDER BY nspname
      """;

  private final JdbcClient jdbc;
  private final DatabaseProbe probe;
  private final int connections;

  /**
   * @param connections that one instance may have open at a time
   */
  public DatabaseDoctor(JdbcClient jdbc, DatabaseProbe probe, int connections) {
    this.jdbc = jdbc;
    this.probe = probe;
    this.connections = connections;
  }

  /** Whether it is there at all, and is what it should be. */
  public List<Diagnosis> server() {
    return List.of(
        Diagnosis.of("database", this::version),
        Diagnosis.of("clock", this::clock),
        Diagnosis.of("connections", this::askForConnections));
  }

  /** Whether the role may do what the service does there, once it is migrated. */
  public Diagnosis privileges() {
    return Diagnosis.of("privileges", this::askForPrivileges);
  }

  /** Whether the role sees all rows of Lapse's own tables. */
  public Diagnosis rowSecurity() {
    return Diagnosis.of("row-security", this::askForHiddenRows);
  }

  private Diagnosis askForHiddenRows() {
    List<String> hidden = jdbc.sql(HIDDEN).query(String.class).list();
    return hidden.isEmpty()
        ? Diagnosis.holds("row-security", "hides no row of Lapse's own tables")
        : Diagnosis.fails(
            "row-security",
            "row-level security may hide rows of " + String.join(", ", hidden),
            "Lapse would miss a pause, a step or an event, without any error.",
            hidden.stream()
                .map("ALTER TABLE %s DISABLE ROW LEVEL SECURITY;"::formatted)
                .collect(Collectors.joining(" ")));
  }

  /** Whether the next record gets an id above all that are there, in the order of writing. */
  public Diagnosis sequence() {
    return Diagnosis.of("sequence", this::askForSequence);
  }

  private Diagnosis askForSequence() {
    Sequence sequence = jdbc.sql(SEQUENCE).query(Sequence.class).single();
    if (sequence.cache() > 1) {
      return Diagnosis.fails(
          "sequence",
          "outbox_id_seq has CACHE " + sequence.cache(),
          "A session would get its ids ahead of others, so events of one key may come out of order.",
          "ALTER SEQUENCE outbox_id_seq CACHE 1;");
    }
    return sequence.next() > sequence.highest()
        ? Diagnosis.holds("sequence", "next outbox id " + sequence.next())
        : Diagnosis.fails(
            "sequence",
            "the next outbox id is %d, but there is a row %d"
                .formatted(sequence.next(), sequence.highest()),
            "Expiring fails with duplicate ids until the sequence is past the rows.",
            "SELECT setval('outbox_id_seq', (SELECT max(id) FROM outbox));");
  }

  /** Whether what runs here is what Lapse's statements name. */
  public Diagnosis searchPath() {
    return Diagnosis.of("search-path", this::askForOpenSchemas);
  }

  private Diagnosis version() throws SQLException {
    List<DatabaseProbe.Finding> findings = probe.findings();
    if (findings.isEmpty()) {
      String version = "PostgreSQL " + jdbc.sql(VERSION).query(String.class).single();
      return probe.originSource() == OriginSource.WAL
          ? Diagnosis.holds("database", version)
          : withoutWal(version);
    }
    List<Problem> problems = findings.stream().map(DatabaseProbe.Finding::problem).toList();
    return Diagnosis.fails(
        "database",
        joined(problems, Problem::what, " "),
        joined(problems, Problem::why, " "),
        joined(problems, Problem::action, "\n"));
  }

  private Diagnosis withoutWal(String version) {
    String why =
        "The relay uses transaction ids instead: one small commit per batch of events, and a restart"
            + " of the server counts as a failover.";
    return jdbc.sql(OriginSource.GRANT)
        .query(String.class)
        .optional()
        .map(
            grant ->
                Diagnosis.warns(
                    "database",
                    version + ", whose WAL functions this role may not call",
                    why,
                    "To use them, as a superuser: " + grant))
        .orElseGet(
            () ->
                Diagnosis.warns(
                    "database",
                    version + ", without WAL functions",
                    why,
                    "Nothing to do: this server does not have them."));
  }

  private static String joined(
      List<Problem> problems, Function<Problem, String> part, String separator) {
    return problems.stream().map(part).distinct().collect(Collectors.joining(separator));
  }

  private Diagnosis clock() {
    long before = System.currentTimeMillis();
    long database = jdbc.sql(CLOCK).query(Long.class).single();
    long after = System.currentTimeMillis();
    // Outside of the time the question took.
    long skew = Math.max(0, Math.max(before - database, database - after));
    String seen = "the clocks of the database and of this host differ by %d ms".formatted(skew);
    return skew <= SKEW.toMillis()
        ? Diagnosis.holds("clock", seen)
        : Diagnosis.fails(
            "clock",
            seen,
            "Approvals expire by the database's clock. By other clocks they seem to expire early or"
                + " late.",
            "Synchronize both with a time service, such as chrony or systemd-timesyncd.");
  }

  private Diagnosis askForConnections() {
    Limits limits = jdbc.sql(CONNECTIONS).query(Limits.class).single();
    String seen =
        "an instance opens up to %d; limits: role %s, database %s, server %d"
            .formatted(
                connections, limit(limits.role()), limit(limits.database()), limits.server());
    return limits.least() >= connections
        ? Diagnosis.holds("connections", seen)
        : Diagnosis.fails(
            "connections",
            seen,
            "Above a limit PostgreSQL rejects connections, and a worker that needs one waits.",
            "Raise the limit to %d for each instance: ALTER ROLE … CONNECTION LIMIT %<d;"
                    .formatted(connections)
                + " or set SPRING_DATASOURCE_HIKARI_MAXIMUM_POOL_SIZE to less, at least 3.");
  }

  private static String limit(int connections) {
    return connections < 0 ? "none" : Integer.toString(connections);
  }

  private Diagnosis askForPrivileges() {
    List<String> missing = jdbc.sql(NOT_GRANTED).query(String.class).list();
    return missing.isEmpty()
        ? Diagnosis.holds("privileges", "all granted")
        : Diagnosis.fails(
            "privileges",
            "not granted: " + String.join(", ", missing),
            "Expiry or publishing fails without them.",
            "Run psql -f db/roles.sql, or grant them to this role.");
  }

  private record Sequence(long cache, long next, long highest) {}

  private Diagnosis askForOpenSchemas() {
    List<String> open = jdbc.sql(OPEN_SCHEMAS).query(String.class).list();
    return open.isEmpty()
        ? Diagnosis.holds("search-path", "not every role may create in its schemas")
        : Diagnosis.fails(
            "search-path",
            "every role may create in schema " + String.join(", ", open),
            "A function that anybody makes there may run in place of PostgreSQL's, with the"
                + " service's rights.",
            "Grant CREATE to the roles that need it, then run: "
                + open.stream()
                    .map("REVOKE CREATE ON SCHEMA %s FROM PUBLIC;"::formatted)
                    .collect(Collectors.joining(" ")));
  }

  /** How many connections may be open; -1 for no limit. */
  private record Limits(int server, int database, int role) {

    int least() {
      return Stream.of(server, database, role)
          .filter(limit -> limit >= 0)
          .min(Integer::compare)
          .orElse(Integer.MAX_VALUE);
    }
  }
}
