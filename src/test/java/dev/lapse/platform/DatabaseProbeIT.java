package dev.lapse.platform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lapse.problem.UnusableException;
import dev.lapse.support.PostgresServer;
import dev.lapse.support.Roles;
import dev.lapse.support.Servers;
import dev.lapse.support.TestDatabase;
import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

/** What a real PostgreSQL that behaves like another server is asked, and how it is refused. */
class DatabaseProbeIT {

  private static final String CHANGES =
      "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace";

  private final TestDatabase database = TestDatabase.empty(Servers.postgres());

  @AfterEach
  void closeDatabase() {
    database.close();
  }

  @Test
  void findsNothingInAStockPostgresAndCreatesNothing() throws SQLException {
    database.applyRoles();

    assertThat(probe(Roles.SERVICE, "").findings()).isEmpty();
    assertThat(database.count(CHANGES)).isZero();
  }

  @Test
  void refusesAnotherProductByItsOwnVersion() {
    database.execute(
        """
        CREATE SCHEMA fake;
        CREATE FUNCTION fake.version() RETURNS text LANGUAGE sql
          AS $$ SELECT 'CockroachDB CCL v24.1.0 (x86_64-pc-linux-gnu)' $$
        """);

    assertThatThrownBy(
            () ->
                new DatabaseAtStart(
                        probe("postgres", "?currentSchema=fake,pg_catalog,public"), false)
                    .check())
        .isInstanceOf(UnusableException.class)
        .hasMessageContaining("The database is CockroachDB, which Lapse does not support.");
  }

  @Test
  void refusesAuroraByItsOwnFunction() throws SQLException {
    database.execute(
        "CREATE FUNCTION aurora_version() RETURNS text LANGUAGE sql AS $$ SELECT '16.4.1' $$");

    assertThat(whats(probe("postgres", "")))
        .containsExactly("The database is Amazon Aurora PostgreSQL, which Lapse does not support.");
  }

  /** A role that may only read, which is no standby. */
  @Test
  void tellsAReadOnlySession() throws SQLException {
    assertThat(whats(probe("postgres", "?options=-c%20default_transaction_read_only=on")))
        .containsExactly("The sessions of this role are read-only.");
  }

  @Test
  void refusesATableThatCitusDistributes() throws SQLException {
    database.execute(
        """
        CREATE TABLE ai_approvals (id uuid);
        CREATE TABLE pg_dist_partition (logicalrelid regclass, partmethod "char", repmodel "char");
        INSERT INTO pg_dist_partition VALUES ('ai_approvals', 'n', 's')
        """);
    assertThat(whats(probe("postgres", ""))).isEmpty(); // a local table

    database.execute("UPDATE pg_dist_partition SET partmethod = 'h'");

    assertThat(whats(probe("postgres", "")))
        .containsExactly(
            "The table ai_approvals is distributed by Citus, which Lapse does not support.");
  }

  /** Where a hosting provider, or a hardening script, takes EXECUTE away from everybody. */
  @Test
  void namesAFunctionThatTheRoleMayNotCallAndItsRemedyWorks() throws SQLException {
    database.applyRoles();
    database.execute("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC");
    DatabaseProbe probe = probe(Roles.SERVICE, "");

    List<DatabaseProbe.Finding> findings = probe.findings();

    assertThat(findings).hasSize(1);
    assertThat(findings.get(0).problem().what())
        .contains("pg_control_system()", "42501", "permission denied");
    assertThatThrownBy(() -> new DatabaseAtStart(probe, true).check())
        .isInstanceOf(UnusableException.class);
    new DatabaseAtStart(probe, false).check(); // another role publishes

    database.execute(findings.get(0).problem().action().replace(" as a superuser.", ""));
    assertThat(probe.findings()).isEmpty();
  }

  /** Aurora without logical replication, as far as its words go: 55000, and yet no standby. */
  @Test
  void saysInPostgresWordsWhichFunctionsOfTheLogItLacks() throws SQLException {
    try (PostgresServer server = PostgresServer.embedded();
        TestDatabase aurora = TestDatabase.empty(server)) {
      aurora.execute(
          """
          SET allow_system_table_mods = on;
          DO $$
          DECLARE f text;
          BEGIN
            FOREACH f IN ARRAY ARRAY['pg_current_wal_insert_lsn', 'pg_current_wal_flush_lsn'] LOOP
              EXECUTE format('ALTER FUNCTION pg_catalog.%I() RENAME TO %I', f, 'real_' || f);
              EXECUTE format($f$CREATE FUNCTION pg_catalog.%I() RETURNS pg_lsn LANGUAGE plpgsql AS $b$
                BEGIN RAISE EXCEPTION 'wal_level must be set to ''logical''' USING ERRCODE = '55000';
                END $b$ $f$, f);
            END LOOP;
          END $$
          """);

      List<String> whats = whats(probe(aurora, "postgres", server.password(), ""));

      assertThat(whats).hasSize(3);
      assertThat(whats.get(0))
          .contains("pg_current_wal_insert_lsn()", "55000", "wal_level must be set to 'logical'")
          .doesNotContain("standby");
    }
  }

  private static List<String> whats(DatabaseProbe probe) throws SQLException {
    return probe.findings().stream().map(finding -> finding.problem().what()).toList();
  }

  private DatabaseProbe probe(String user, String parameters) {
    return probe(
        database,
        user,
        user.equals(Roles.SERVICE) ? Roles.PASSWORD : Servers.postgres().password(),
        parameters);
  }

  private static DatabaseProbe probe(
      TestDatabase database, String user, String password, String parameters) {
    PGSimpleDataSource source = new PGSimpleDataSource();
    source.setUrl(database.url() + parameters);
    source.setUser(user);
    source.setPassword(password);
    return new DatabaseProbe(source, "\"ai_approvals\"");
  }
}
