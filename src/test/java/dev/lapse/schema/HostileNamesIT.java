package dev.lapse.schema;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lapse.approvals.OptInFixture;
import dev.lapse.decision.OptIns;
import dev.lapse.support.Approvals;
import dev.lapse.support.Outbox;
import dev.lapse.support.Roles;
import dev.lapse.support.Servers;
import dev.lapse.support.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What runs as the owner, or with every row, calls nothing that somebody else made: whatever
 * functions, operators, casts and tables of the same names there are in the schemas that it could
 * be looked up in.
 */
class HostileNamesIT {

  /** What PostgreSQL may take one of the other for, where a call names no type exactly. */
  private static final List<String> TYPES =
      List.of(
          "integer",
          "bigint",
          "numeric",
          "text",
          "varchar",
          "name",
          "boolean",
          "json",
          "jsonb",
          "jsonpath",
          "interval",
          "timestamptz",
          "xid8",
          "pg_snapshot",
          "bigint[]",
          "text[]",
          "anyelement",
          "anyarray");

  private static final List<String> OPERATORS =
      List.of("=", "<>", "<", "<=", ">", ">=", "+", "-", "*", "~", "~~", "->>", "->");

  private static final String HOSTILE = "hostile: ran as ";

  @ParameterizedTest
  @ValueSource(strings = {Roles.SERVICE, Roles.APPLICATION, Roles.READER})
  void noneRuns(String role) throws Exception {
    try (TestDatabase database = TestDatabase.migrated()) {
      letCreate(database, role);
      assertThat(createHostile(database, role)).as("hostile objects").isGreaterThan(1000);

      useAll(database, role);
    }
  }

  /** Made before Lapse is migrated: constraints, defaults and functions are bound to names then. */
  @Test
  void noneIsBoundInByTheMigrations() throws Exception {
    try (TestDatabase database = TestDatabase.empty(Servers.postgres())) {
      database.applyRoles();
      letCreate(database, Roles.APPLICATION);
      createHostile(database, Roles.APPLICATION);

      database.migrate();

      useAll(database, Roles.APPLICATION);
    }
  }

  /**
   * Whether hostile objects were there when the triggers of the settings were made, or came later.
   */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void noneRunsInTheTriggersOfTheSettings(boolean before) throws Exception {
    List<String> scripts;
    try (TestDatabase clean = TestDatabase.migrated();
        Connection owner = clean.connectAs(Roles.OWNER)) {
      scripts = OptInFixture.scripts(owner, OptIns.all());
    }
    try (TestDatabase database = TestDatabase.migrated();
        Connection owner = database.connectAs(Roles.OWNER);
        Connection application = database.connectAs(Roles.APPLICATION);
        Statement statement = application.createStatement()) {
      letCreate(database, Roles.READER);
      if (before) {
        createHostile(database, Roles.READER);
      }
      OptInFixture.run(owner, scripts);
      if (!before) {
        createHostile(database, Roles.READER);
      }
      statement.execute(
          """
          INSERT INTO ai_approvals (requested_by, action, expires_at)
          SELECT 'agent', 'deploy', at
          FROM (VALUES ('2026-01-01'::timestamptz), ('2999-01-01'::timestamptz)) deadline (at)
          """);

      statement.execute(
          "UPDATE ai_approvals SET status = 'expired' WHERE expires_at < '2026-02-01'");
      statement.execute("UPDATE ai_approvals SET status = 'approved' WHERE status = 'pending'");

      assertThat(database.count("SELECT count(*) FROM outbox")).isEqualTo(4);
    }
  }

  /** That what is made here does run where a call is not qualified: else it would prove nothing. */
  @Test
  void oneRunsWhereACallIsNotQualified() throws Exception {
    try (TestDatabase database = TestDatabase.migrated()) {
      letCreate(database, Roles.READER);
      createHostile(database, Roles.READER);

      assertThat(
              refusal(database, "SELECT hashtext('a'), pg_try_advisory_xact_lock(hashtext('a'))"))
          .contains(HOSTILE);
      assertThat(refusal(database, "SELECT jsonb_path_exists('{}'::jsonb, '$.a')"))
          .contains(HOSTILE);
    }
  }

  /** All that runs with another role's rights: the functions, the triggers, and the constraints. */
  private static void useAll(TestDatabase database, String role) throws Exception {
    new Outbox(database).append(20, "a");
    new Approvals(database).due(3);
    database.execute(
        """
        SET session_replication_role = replica; -- the table's rows are the log's, whoever asks
        UPDATE outbox SET occurred_at = now() - interval '1 year';
        RESET session_replication_role;
        INSERT INTO relay_checkpoint
          (relay, published_id, snapshot, dead_letters, system_identifier, timeline, lsn,
           written_lsn)
        VALUES ('lapse', 15, pg_current_snapshot(), '[{"key": "b"}]', 1, 1, '0/1', '0/1')
        """);
    try (Connection service = database.connectAs(Roles.SERVICE);
        Statement statement = service.createStatement()) {
      if (role.equals(Roles.SERVICE)) { // its own temporary objects, first on its path
        createHostile(service, "pg_temp");
        statement.execute("SET search_path = pg_temp, public");
      }
      statement.execute("SELECT public.purge_outbox(0::bigint, '1 day'::interval, 1000::integer)");
      statement.execute("SELECT public.restamp_outbox(0::bigint, 10::integer)");
      statement.execute("SELECT public.restamp_outbox(0::bigint, 1000::integer)");
      statement.execute(
          """
          INSERT INTO public.outbox (type, key, payload, headers)
          VALUES ('Noted', 'a', '{}', '{"tenant": "t"}')
          """);
    }
    assertThat(database.count("SELECT count(*) FROM outbox WHERE xact_id = '2'")).isEqualTo(6);
    assertThat(database.count("SELECT purged_id FROM retention")).isEqualTo(14);
    assertThat(
            refusal(
                database,
                "UPDATE ai_approvals SET status = 'expired', expires_at = now() + interval '1 h'"))
        .contains("is not due")
        .doesNotContain(HOSTILE);
    database.execute("UPDATE ai_approvals SET status = 'rejected'");
    assertThat(refusal(database, "UPDATE ai_approvals SET status = 'pending'"))
        .contains("it cannot become pending")
        .doesNotContain(HOSTILE);
  }

  private static String refusal(TestDatabase database, String sql) throws SQLException {
    try (Connection connection = database.connect();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
      return "";
    } catch (SQLException e) {
      return String.valueOf(e.getMessage());
    }
  }

  private static void letCreate(TestDatabase database, String role) {
    database.execute("GRANT CREATE ON SCHEMA public TO " + role);
  }

  private static int createHostile(TestDatabase database, String role) throws Exception {
    try (Connection connection = database.connectAs(role)) {
      return createHostile(connection, "public");
    }
  }

  /**
   * For each function that the migrations name, one of each closer match: with its parameters'
   * types replaced one by one, so that it takes what PostgreSQL's own would have to convert.
   */
  private static int createHostile(Connection connection, String schema) throws Exception {
    List<String> all = new ArrayList<>();
    for (String function : functions()) {
      for (String type : TYPES) {
        all.add(function(schema, function, type));
        all.add(function(schema, function, type + ", text"));
        all.add(function(schema, function, type + ", name"));
        all.add(function(schema, function, type + ", integer"));
      }
      all.add(function(schema, function, ""));
      all.add(function(schema, function, "bigint, pg_snapshot"));
      all.add(function(schema, function, "xid8, text"));
    }
    for (String operator : OPERATORS) {
      for (String left : TYPES) {
        for (String right : List.of("integer", "bigint", "text", left)) {
          if (!left.startsWith("any")) {
            String types = left + ", " + right;
            all.add(function(schema, "hostile_operator", types));
            all.add(
                "CREATE OPERATOR %s.%s (FUNCTION = %s.hostile_operator, LEFTARG = %s, RIGHTARG = %s)"
                    .formatted(schema, operator, schema, left, right));
          }
        }
      }
    }
    all.add("CREATE DOMAIN " + schema + ".interval AS text CHECK (false)");
    if (schema.equals("pg_temp")) { // elsewhere, a migration does not begin
      for (String table : List.of("outbox", "relay_checkpoint", "retention", "restamp")) {
        all.add("CREATE TABLE %s.%s (id int)".formatted(schema, table));
      }
    }
    all.add("CREATE TYPE %s.hostile AS ENUM ('a')".formatted(schema));
    all.add(
        """
        CREATE FUNCTION %1$s.hostile_cast(text) RETURNS %1$s.hostile LANGUAGE sql AS $$ SELECT 'a'::%1$s.hostile $$
        """
            .formatted(schema));
    all.add(
        "CREATE CAST (text AS %1$s.hostile) WITH FUNCTION %1$s.hostile_cast(text) AS IMPLICIT"
            .formatted(schema));
    int made = 0;
    try (Statement statement = connection.createStatement()) {
      for (String sql : all) {
        try {
          statement.execute(sql);
          made++;
        } catch (SQLException taken) {
          // there is one, or PostgreSQL takes no such one
        }
      }
    }
    return made;
  }

  private static String function(String schema, String name, String types) {
    return """
        CREATE FUNCTION %s.%s(%s) RETURNS boolean LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION '%s%%', current_user; END $$
        """
        .formatted(schema, name, types, HOSTILE);
  }

  /** What is called in the migrations, and what once was. */
  private static Set<String> functions() throws IOException {
    Pattern call = Pattern.compile("\\b([a-z][a-z_0-9]*)\\(");
    Set<String> names = new TreeSet<>(Set.of("pg_try_advisory_xact_lock", "hashtext"));
    try (Stream<Path> migrations = Files.list(Path.of("db", "migration"));
        Stream<Path> optional = Files.list(Path.of("db", "optional"))) {
      for (Path file : Stream.concat(migrations, optional).toList()) {
        Matcher found = call.matcher(Files.readString(file));
        while (found.find()) {
          names.add(found.group(1));
        }
      }
    }
    names.removeAll(
        Set.of(
            "purge_outbox", "restamp_outbox", "refuse_early_expiry", "refuse_approval_transition"));
    names.removeIf(name -> name.startsWith("lapse_") || name.equals("decide_approval"));
    return names;
  }
}
