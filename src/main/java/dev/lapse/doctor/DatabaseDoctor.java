package dev.lapse.doctor;

import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Asks PostgreSQL. */
public final class DatabaseDoctor {

  private static final int OLDEST = 14;

  /** Deadlines go by the database's clock, so people notice a difference, but nothing breaks. */
  private static final Duration SKEW = Duration.ofSeconds(2);

  private static final String SERVER =
      """
      SELECT current_setting('server_version') AS version,
             current_setting('server_version_num')::int / 10000 AS major,
             pg_is_in_recovery() AS standby
      """;

  private static final String CLOCK =
      "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint";

  /** What the statements of the service need of whatever role it has. */
  private static final String NOT_GRANTED =
      """
      SELECT format('%s on %s', privilege, name)
      FROM (VALUES
        ('outbox', 'SELECT'), ('outbox_identity', 'SELECT'), ('relay_checkpoint', 'SELECT'), ('relay_checkpoint', 'INSERT'),
        ('relay_checkpoint', 'UPDATE'), ('replay', 'SELECT'), ('replay', 'INSERT'),
        ('replay', 'UPDATE'), ('last_error', 'SELECT'), ('last_error', 'INSERT'),
        ('last_error', 'UPDATE'), ('dead_letter', 'SELECT'), ('dead_letter', 'INSERT'),
        ('dead_letter', 'UPDATE'), ('dead_letter', 'DELETE'), ('pause', 'SELECT'),
        ('pause', 'INSERT'), ('pause', 'UPDATE'), ('pause', 'DELETE'),
        ('restamp', 'SELECT'), ('retention', 'SELECT')
      ) needed (name, privilege)
      WHERE NOT has_table_privilege(name, privilege)
      UNION ALL
      SELECT format('%s (%s) on %s', privilege, column_name, name)
      FROM (VALUES
        ('outbox', 'type', 'INSERT'), ('outbox', 'key', 'INSERT'), ('outbox', 'payload', 'INSERT'),
        ('outbox', 'headers', 'INSERT'), ('outbox', 'occurred_at', 'INSERT')
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

  public DatabaseDoctor(JdbcClient jdbc) {
    this.jdbc = jdbc;
  }

  /** Whether it is there at all, and is what it should be. */
  public List<Diagnosis> server() {
    return List.of(Diagnosis.of("database", this::version), Diagnosis.of("clock", this::clock));
  }

  /** Whether the role may do what the service does there, once it is migrated. */
  public Diagnosis privileges() {
    return Diagnosis.of("privileges", this::askForPrivileges);
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

  private Diagnosis version() {
    Server server = jdbc.sql(SERVER).query(Server.class).single();
    if (server.major() < OLDEST) {
      return Diagnosis.fails(
          "database",
          "PostgreSQL " + server.version(),
          "Lapse's SQL needs functions that this version lacks.",
          "Upgrade to PostgreSQL %d or later.".formatted(OLDEST));
    }
    if (server.standby()) {
      return Diagnosis.fails(
          "database",
          "PostgreSQL %s, a standby".formatted(server.version()),
          "Approvals cannot expire on a standby, and the relay reads only the primary.",
          "Set SPRING_DATASOURCE_URL to the primary.");
    }
    return Diagnosis.holds("database", "PostgreSQL " + server.version());
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

  private record Server(String version, int major, boolean standby) {}
}
