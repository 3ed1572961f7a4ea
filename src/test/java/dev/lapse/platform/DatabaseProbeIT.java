package dev.lapse.platform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lapse.outbox.OriginSource;
import dev.lapse.problem.UnusableException;
import dev.lapse.support.Roles;
import dev.lapse.support.Servers;
import dev.lapse.support.TestDatabase;
import dev.lapse.support.WithoutWal;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
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
  void readsTransactionIdsWhereTheRoleMayNotCallWalFunctionsAndTheGrantOfDoctorWorks()
      throws SQLException {
    database.applyRoles();
    database.execute("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC");
    DatabaseProbe probe = probe(Roles.SERVICE, "");

    assertThat(probe.findings()).isEmpty();
    assertThat(probe.originSource()).isEqualTo(OriginSource.TRANSACTIONS);

    try (Connection service = database.connectAs(Roles.SERVICE);
        Statement statement = service.createStatement();
        ResultSet grant = statement.executeQuery(OriginSource.GRANT)) {
      grant.next();
      assertThat(grant.getString(1)).contains("pg_control_system()").doesNotContain("wal");
      database.execute(grant.getString(1));
    }
    assertThat(probe.originSource()).isEqualTo(OriginSource.WAL);
  }

  /** Aurora without logical replication says 55000, and yet is no standby. */
  @Test
  void readsTransactionIdsOnAServerWithoutWalFunctions() throws SQLException {
    database.execute(WithoutWal.SQL);
    DatabaseProbe probe = probe("postgres", "");

    assertThat(probe.findings()).isEmpty();
    assertThat(probe.originSource()).isEqualTo(OriginSource.TRANSACTIONS);
  }

  /** With logical replication its functions answer, from two spaces of LSNs. */
  @Test
  void readsTransactionIdsOnAuroraWhateverItsWalFunctionsSay() throws SQLException {
    database.execute(
        "SET allow_system_table_mods = on;"
            + " CREATE FUNCTION pg_catalog.aurora_version() RETURNS text LANGUAGE sql"
            + " RETURN '17.4.0'; RESET allow_system_table_mods");

    assertThat(probe("postgres", "").originSource()).isEqualTo(OriginSource.TRANSACTIONS);
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
