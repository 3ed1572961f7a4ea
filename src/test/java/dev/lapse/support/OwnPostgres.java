package dev.lapse.support;

import com.zaxxer.hikari.HikariDataSource;
import dev.lapse.approvals.ApprovalsTable;
import dev.lapse.outbox.OriginSource;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.util.FileSystemUtils;

/**
 * A PostgreSQL of a test's own, always embedded: to crash, to copy its files, to promote. Stopping
 * it keeps its data directory until it is closed.
 */
public final class OwnPostgres implements AutoCloseable {

  public static final String USER = "postgres";

  private final Path directory;
  private final Map<String, String> config;
  private final int port = Ports.free();
  private @Nullable EmbeddedPostgres server;
  private @Nullable HikariDataSource pool;
  private @Nullable HikariDataSource servicePool;

  private OwnPostgres(Path directory, Map<String, String> config) {
    this.directory = directory;
    this.config = config;
    Leftovers.closeInTheEnd(this);
  }

  /**
   * A cluster, started, with the product's tables: a copy of one that was made once for this JVM,
   * so that all of them have one system identifier.
   */
  public static OwnPostgres migrated() {
    return migrated(Map.of());
  }

  public static OwnPostgres migrated(Map<String, String> config) {
    return startedCopyOf(Template.DIRECTORY, config);
  }

  /** The same whose origin is to be read from there. */
  public static OwnPostgres migrated(OriginSource origin, Map<String, String> config) {
    return readFrom(origin, migrated(config));
  }

  /** The same with another system identifier, as a cluster has that another initdb has made. */
  public static OwnPostgres migratedElsewhere(OriginSource origin) {
    return readFrom(origin, startedCopyOf(AnotherTemplate.DIRECTORY, Map.of()));
  }

  private static OwnPostgres readFrom(OriginSource origin, OwnPostgres server) {
    if (origin == OriginSource.TRANSACTIONS) {
      server.execute(WithoutWal.SQL);
    }
    return server;
  }

  /** Where its origin is to be read from. */
  public OriginSource origin() {
    try (Connection connection = service().getConnection()) {
      connection.setAutoCommit(false);
      OriginSource origin = OriginSource.of(connection);
      connection.rollback();
      return origin;
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static OwnPostgres startedCopyOf(Path template, Map<String, String> config) {
    OwnPostgres server = new OwnPostgres(freshDirectory(), config);
    copy(template, server.directory);
    server.start();
    return server;
  }

  /** Makes a cluster with the product's tables, and stops it. */
  private static Path template() {
    OwnPostgres server = new OwnPostgres(freshDirectory(), Map.of());
    server.start();
    server.migrate();
    server.stop();
    return server.directory;
  }

  private static final class Template {
    static final Path DIRECTORY = template();
  }

  private static final class AnotherTemplate {
    static final Path DIRECTORY = template();
  }

  /** A session of the role that owns the product's tables. */
  public Connection owner() throws SQLException {
    return DriverManager.getConnection(url(), Roles.OWNER, "");
  }

  private void migrate() {
    applyRoles();
    Flyway.configure()
        .dataSource(url(), Roles.OWNER, null)
        .table("lapse_schema_history")
        .configuration(Map.of("flyway.postgresql.transactional.lock", "false"))
        .placeholders(ApprovalsTable.standard().placeholders())
        .load()
        .migrate();
    applyRoles();
  }

  private void applyRoles() {
    try (Connection connection = dataSource().getConnection()) {
      Roles.apply(connection);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Path freshDirectory() {
    return Leftovers.directory("lapse-postgres").resolve("data");
  }

  public void start() {
    Map<String, String> settings =
        new TreeMap<>(
            Map.of(
                "fsync", "on",
                "synchronous_commit", "on",
                "full_page_writes", "on",
                "max_connections", "100",
                "shared_buffers", "16MB",
                "max_prepared_transactions", "10",
                "wal_keep_size", "256MB")); // for a standby that lags
    settings.putAll(config);
    EmbeddedPostgres.Builder builder =
        EmbeddedPostgres.builder()
            .setDataDirectory(directory)
            .setCleanDataDirectory(false)
            .setPort(port)
            .setPGStartupWait(Duration.ofMinutes(1));
    settings.forEach(builder::setServerConfig);
    try {
      server = builder.start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    pool = pool(USER);
    servicePool = pool(Roles.SERVICE);
  }

  private HikariDataSource pool(String user) {
    HikariDataSource opening = new HikariDataSource();
    opening.setJdbcUrl(url());
    opening.setUsername(user);
    opening.setMaximumPoolSize(10);
    opening.setMinimumIdle(0);
    return opening;
  }

  /** In good order: everything is on disk then. */
  public void stop() {
    closePools();
    if (server != null) {
      try {
        Postmaster postmaster = Postmaster.of(directory);
        server.close();
        postmaster.awaitEnd();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      server = null;
    }
  }

  private void closePools() {
    if (pool != null) {
      pool.close();
      pool = null;
    }
    if (servicePool != null) {
      servicePool.close();
      servicePool = null;
    }
  }

  /** As a crash of all its processes does: it recovers when it is started again. */
  public void stopImmediately() {
    Postmaster.of(directory).stopImmediately();
    closePools();
    if (server != null) {
      try {
        Postmaster.close(server);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      server = null;
    }
  }

  /**
   * Kills one of its processes, whereupon all others throw away what is not on disk, and recover
   * from there: what happens to a server that runs out of memory. Returns when it serves again.
   */
  public void crash() {
    long victim;
    try (Connection connection = dataSource().getConnection();
        Connection witness = dataSource().getConnection();
        Statement statement = connection.createStatement();
        var row = statement.executeQuery("SELECT pg_backend_pid()")) {
      row.next();
      victim = row.getLong(1);
      if (!ProcessHandle.of(victim).orElseThrow().destroyForcibly()) {
        throw new IllegalStateException("cannot kill " + victim);
      }
      // Its own connection breaks at once, the others when the server has noticed.
      while (witness.isValid(1)) {
        Thread.onSpinWait();
      }
    } catch (SQLException e) {
      // broken, as intended
    }
    awaitService();
  }

  private void awaitService() {
    long deadline = System.nanoTime() + Duration.ofMinutes(1).toNanos();
    while (true) {
      try (Connection connection = DriverManager.getConnection(url(), USER, "")) {
        if (connection.isValid(1)) {
          evict(pool());
          evict(Objects.requireNonNull(servicePool));
          return;
        }
      } catch (SQLException e) {
        if (System.nanoTime() - deadline > 0) {
          throw new IllegalStateException("not back within a minute", e);
        }
      }
    }
  }

  private static void evict(HikariDataSource pool) {
    if (pool.getHikariPoolMXBean() != null) { // it has been used
      pool.getHikariPoolMXBean().softEvictConnections();
    }
  }

  /** Another server on a copy of the files as they are now. */
  public OwnPostgres copyWhileStopped() {
    boolean running = server != null;
    if (running) {
      stop();
    }
    OwnPostgres copy = new OwnPostgres(freshDirectory(), config);
    copy(directory, copy.directory);
    if (running) {
      start();
    }
    return copy;
  }

  private static void copy(Path from, Path to) {
    try {
      FileSystemUtils.copyRecursively(from, to);
      Files.setPosixFilePermissions(to, PosixFilePermissions.fromString("rwx------"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Starts as a standby that has all the log it will ever get. */
  public void startAsStandby() {
    try {
      Files.createFile(directory.resolve("standby.signal"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    start();
  }

  /**
   * Starts as a standby that gets the log from whoever listens on {@code primaryPort}: the primary,
   * or a proxy before it.
   */
  public void startAsStandbyOf(int primaryPort) {
    // Not by the command line, whose words the embedded server takes apart.
    appendTo(
        "postgresql.auto.conf",
        """
        primary_conninfo = 'host=127.0.0.1 port=%d user=%s'
        wal_retrieve_retry_interval = '100ms'
        """
            .formatted(primaryPort, USER));
    startAsStandby();
  }

  /** From now on new sessions of {@code role} need its password. */
  public void requirePasswordOf(String role) {
    Path hba = directory.resolve("pg_hba.conf");
    try {
      Files.writeString(
          hba, "host all %s all scram-sha-256%n".formatted(role) + Files.readString(hba));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    execute("SELECT pg_reload_conf()");
  }

  private void appendTo(String file, String text) {
    try {
      Files.writeString(directory.resolve(file), text, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Makes a standby a primary, on a timeline of its own. */
  public void promote() {
    if (!jdbc().sql("SELECT pg_promote()").query(Boolean.class).single()) {
      throw new IllegalStateException("not promoted");
    }
  }

  /** The same after every start. */
  public int port() {
    return port;
  }

  /** Past every proxy. */
  /** A table's columns without the generated ones, as pg_dump lists them. */
  public static String columns(String table, Connection of) throws SQLException {
    try (Statement select = of.createStatement();
        ResultSet row =
            select.executeQuery(
                """
                SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
                WHERE attrelid = '%s'::regclass AND attnum > 0 AND NOT attisdropped
                  AND attgenerated = ''
                """
                    .formatted(table))) {
      row.next();
      return row.getString(1);
    }
  }

  public String url() {
    return url(port);
  }

  /** Through whoever listens on {@code door}, as the {@linkplain #USER user} without a password. */
  public String url(int door) {
    return "jdbc:postgresql://127.0.0.1:" + door + "/postgres";
  }

  public DataSource dataSource() {
    return pool();
  }

  /** Connections of the service's role. */
  public DataSource service() {
    return Objects.requireNonNull(servicePool, "not started");
  }

  private HikariDataSource pool() {
    return Objects.requireNonNull(pool, "not started");
  }

  public JdbcClient jdbc() {
    return JdbcClient.create(dataSource());
  }

  public void execute(String sql) {
    try (Connection connection = dataSource().getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  public long count(String sql) {
    return jdbc().sql(sql).query(Long.class).single();
  }

  /** Appends events of one key, and returns their ids. */
  public List<String> append(int count, String key) {
    return jdbc()
        .sql(
            """
            INSERT INTO outbox (type, key, payload)
            SELECT 'Noted', :key, json_build_object('number', n)
            FROM generate_series(1, :count) n ORDER BY n
            RETURNING event_id::text
            """)
        .param("key", key)
        .param("count", count)
        .query(String.class)
        .list();
  }

  public List<String> eventIds() {
    return jdbc().sql("SELECT event_id::text FROM outbox ORDER BY id").query(String.class).list();
  }

  @Override
  public void close() {
    Leftovers.forget(this);
    stopImmediately(); // nobody reads its data again
    try {
      FileSystemUtils.deleteRecursively(directory.getParent());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
