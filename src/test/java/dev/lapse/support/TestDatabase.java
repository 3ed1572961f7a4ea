package dev.lapse.support;

import com.zaxxer.hikari.HikariDataSource;
import dev.lapse.approvals.ApprovalsTable;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * A database of a test's own, migrated by the product's migrations as the owner. The test itself is
 * a superuser; what it tests is to be given the {@linkplain #service() service's} connections.
 */
public final class TestDatabase implements AutoCloseable {

  private static final AtomicInteger NUMBER = new AtomicInteger();

  /** Of each server, the database that the migrated ones are copies of. */
  private static final Map<PostgresServer, String> TEMPLATES = new ConcurrentHashMap<>();

  private final String url;
  private final String name;
  private final PostgresServer server;
  private final HikariDataSource pool;
  private final HikariDataSource servicePool;
  private boolean migrated;

  private TestDatabase(PostgresServer server, String name) {
    this.server = server;
    this.name = name;
    this.url = server.url(name);
    this.pool = pool(server.user(), server.password());
    this.servicePool = pool(Roles.SERVICE, Roles.PASSWORD);
  }

  private HikariDataSource pool(String user, String password) {
    HikariDataSource opening = new HikariDataSource();
    opening.setJdbcUrl(url);
    opening.setUsername(user);
    opening.setPassword(password);
    opening.setMaximumPoolSize(24);
    opening.setMinimumIdle(0);
    return opening;
  }

  /** On the shared server. */
  public static TestDatabase migrated() {
    return migrated(Servers.postgres());
  }

  /** A copy of one that was migrated once for each server and JVM. */
  public static TestDatabase migrated(PostgresServer server) {
    TestDatabase database =
        copyOf(TEMPLATES.computeIfAbsent(server, TestDatabase::template), server);
    database.migrated = true;
    return database;
  }

  private static String template(PostgresServer server) {
    try (TestDatabase template = empty(server)) {
      template.migrate();
      return template.name;
    }
  }

  /** Without any table. */
  public static TestDatabase empty(PostgresServer server) {
    // Whatever the server's own is: an image without a locale has SQL_ASCII.
    return created(server, "ENCODING 'UTF8'");
  }

  /** Without any table, in one of PostgreSQL's encodings. */
  public static TestDatabase encoded(PostgresServer server, String encoding) {
    return created(server, "ENCODING '%s' LC_COLLATE 'C' LC_CTYPE 'C'".formatted(encoding));
  }

  private static TestDatabase created(PostgresServer server, String options) {
    String name = newName();
    try (Connection maintenance = maintenanceSession(server)) {
      execute(maintenance, "CREATE DATABASE %s %s TEMPLATE template0".formatted(name, options));
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
    return new TestDatabase(server, name);
  }

  /** A database that begins as this one was when it was closed. */
  public TestDatabase copy() {
    TestDatabase copy = copyOf(name, server);
    copy.migrated = migrated;
    return copy;
  }

  private static TestDatabase copyOf(String template, PostgresServer server) {
    String name = newName();
    try (Connection maintenance = maintenanceSession(server)) {
      execute(maintenance, "CREATE DATABASE %s TEMPLATE %s".formatted(name, template));
      // What is set for a role in a database is not copied by PostgreSQL itself.
      execute(
          maintenance,
          """
          INSERT INTO pg_db_role_setting (setdatabase, setrole, setconfig)
          SELECT copy.oid, setting.setrole, setting.setconfig
          FROM pg_database copy, pg_database template
          JOIN pg_db_role_setting setting ON setting.setdatabase = template.oid
          WHERE copy.datname = '%s' AND template.datname = '%s'
          """
              .formatted(name, template));
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
    return new TestDatabase(server, name);
  }

  private static String newName() {
    return "test_" + NUMBER.incrementAndGet();
  }

  private static Connection maintenanceSession(PostgresServer server) throws SQLException {
    return DriverManager.getConnection(server.url("postgres"), server.user(), server.password());
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /** This very database under another name, once it is closed. */
  public TestDatabase renamed() {
    close();
    String other = "test_" + NUMBER.incrementAndGet();
    try (TestDatabase maintenance = maintenance(server)) {
      maintenance.execute("ALTER DATABASE %s RENAME TO %s".formatted(name, other));
    }
    TestDatabase database = new TestDatabase(server, other);
    database.migrated = migrated;
    return database;
  }

  /** The shared server's own database, to do things to others from. */
  public static TestDatabase maintenance() {
    return maintenance(Servers.postgres());
  }

  private static TestDatabase maintenance(PostgresServer server) {
    return new TestDatabase(server, "postgres");
  }

  /** Takes the other database away from everybody: ends its sessions and lets none begin. */
  public void refuseConnectionsTo(TestDatabase other) {
    execute("ALTER DATABASE " + other.name + " ALLOW_CONNECTIONS false");
    execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '%s'"
            .formatted(other.name));
  }

  public void allowConnectionsTo(TestDatabase other) {
    execute("ALTER DATABASE " + other.name + " ALLOW_CONNECTIONS true");
  }

  /** Runs the product's migrations, as the owner, and gives every role its privileges. */
  public void migrate() {
    applyRoles();
    migrate(ApprovalsTable.standard(), Roles.OWNER, Roles.PASSWORD);
    applyRoles();
    migrated = true;
  }

  /** Runs them for a table that is there already, as the superuser that it belongs to. */
  public void migrate(ApprovalsTable table) {
    migrate(table, server.user(), server.password());
  }

  private void migrate(ApprovalsTable table, String user, String password) {
    Flyway.configure()
        .dataSource(url, user, password)
        .table("lapse_schema_history")
        .baselineOnMigrate(true)
        .baselineVersion("0")
        .configuration(Map.of("flyway.postgresql.transactional.lock", "false"))
        .placeholders(table.placeholders())
        .load()
        .migrate();
  }

  /** Makes the roles, with their privileges on what is there. */
  public void applyRoles() {
    try (Connection connection = connect()) {
      Roles.apply(connection);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** What the service connects as: its own role, once there are tables that it may use. */
  public String serviceUser() {
    return migrated ? Roles.SERVICE : server.user();
  }

  public String servicePassword() {
    return migrated ? Roles.PASSWORD : server.password();
  }

  public String url() {
    return url;
  }

  public DataSource dataSource() {
    return pool;
  }

  /** Connections of the service's role. */
  public DataSource service() {
    return servicePool;
  }

  public JdbcClient serviceJdbc() {
    return JdbcClient.create(servicePool);
  }

  /** A session of one of the {@link Roles}. */
  public Connection connectAs(String role) {
    try {
      return DriverManager.getConnection(url, role, Roles.PASSWORD);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  public JdbcClient jdbc() {
    return JdbcClient.create(pool);
  }

  /** A session of its own, to hold a transaction open in. */
  public Connection connect() {
    try {
      return pool.getConnection();
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  public void execute(String sql) {
    try (Connection connection = connect()) {
      execute(connection, sql);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  public long count(String sql) {
    return jdbc().sql(sql).query(Long.class).single();
  }

  @Override
  public void close() {
    pool.close();
    servicePool.close();
  }
}
