package dev.lapse.relay;

import com.zaxxer.hikari.HikariDataSource;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.sql.Connection;
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

/**
 * A PostgreSQL of a test's own, always embedded: to crash, to copy its files, to promote. Stopping
 * it keeps its data directory until it is closed.
 */
final class OwnPostgres implements AutoCloseable {

  private final Path directory;
  private final Map<String, String> config;
  private @Nullable EmbeddedPostgres server;
  private @Nullable HikariDataSource pool;

  private OwnPostgres(Path directory, Map<String, String> config) {
    this.directory = directory;
    this.config = config;
  }

  /** A new cluster, started, with the product's tables. */
  static OwnPostgres migrated() {
    return migrated(Map.of());
  }

  static OwnPostgres migrated(Map<String, String> config) {
    OwnPostgres server = new OwnPostgres(freshDirectory(), config);
    server.start();
    Flyway.configure()
        .dataSource(server.dataSource())
        .table("lapse_schema_history")
        .configuration(Map.of("flyway.postgresql.transactional.lock", "false"))
        .load()
        .migrate();
    server.execute("CHECKPOINT"); // or a crash takes the tables along
    return server;
  }

  private static Path freshDirectory() {
    try {
      return Files.createTempDirectory("lapse-postgres").resolve("data");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  void start() {
    Map<String, String> settings =
        new TreeMap<>(
            Map.of(
                "fsync", "on",
                "synchronous_commit", "on",
                "full_page_writes", "on",
                "max_connections", "40",
                "shared_buffers", "16MB",
                "max_prepared_transactions", "10"));
    settings.putAll(config);
    EmbeddedPostgres.Builder builder =
        EmbeddedPostgres.builder()
            .setDataDirectory(directory)
            .setCleanDataDirectory(false)
            .setPGStartupWait(Duration.ofMinutes(1));
    settings.forEach(builder::setServerConfig);
    try {
      server = builder.start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    pool = new HikariDataSource();
    pool.setJdbcUrl(server.getJdbcUrl("postgres", "postgres"));
    pool.setMaximumPoolSize(10);
    pool.setMinimumIdle(0);
  }

  /** In good order: everything is on disk then. */
  void stop() {
    if (pool != null) {
      pool.close();
      pool = null;
    }
    if (server != null) {
      try {
        server.close();
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
  void crash() {
    long victim;
    try (Connection connection = dataSource().getConnection();
        Statement statement = connection.createStatement();
        var row = statement.executeQuery("SELECT pg_backend_pid()")) {
      row.next();
      victim = row.getLong(1);
      if (!ProcessHandle.of(victim).orElseThrow().destroyForcibly()) {
        throw new IllegalStateException("cannot kill " + victim);
      }
      // The connection that it served breaks when the crash has begun.
      while (connection.isValid(1)) {
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
      try (Connection connection = java.sql.DriverManager.getConnection(pool().getJdbcUrl())) {
        if (connection.isValid(1)) {
          pool().getHikariPoolMXBean().softEvictConnections();
          return;
        }
      } catch (SQLException e) {
        if (System.nanoTime() - deadline > 0) {
          throw new IllegalStateException("not back within a minute", e);
        }
      }
    }
  }

  /** Another server on a copy of the files as they are now. */
  OwnPostgres copyWhileStopped() {
    boolean running = server != null;
    if (running) {
      stop();
    }
    OwnPostgres copy = new OwnPostgres(freshDirectory(), config);
    copyTree(directory, copy.directory);
    if (running) {
      start();
    }
    return copy;
  }

  /** Starts as a standby that has all the log it will ever get. */
  void startAsStandby() {
    try {
      Files.createFile(directory.resolve("standby.signal"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    start();
  }

  /** Makes a standby a primary, on a timeline of its own. */
  void promote() {
    if (!jdbc().sql("SELECT pg_promote()").query(Boolean.class).single()) {
      throw new IllegalStateException("not promoted");
    }
  }

  DataSource dataSource() {
    return pool();
  }

  private HikariDataSource pool() {
    return Objects.requireNonNull(pool, "not started");
  }

  JdbcClient jdbc() {
    return JdbcClient.create(dataSource());
  }

  void execute(String sql) {
    try (Connection connection = dataSource().getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  long count(String sql) {
    return jdbc().sql(sql).query(Long.class).single();
  }

  /** Appends events of one key, and returns their ids. */
  List<String> append(int count, String key) {
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

  List<String> eventIds() {
    return jdbc().sql("SELECT event_id::text FROM outbox ORDER BY id").query(String.class).list();
  }

  @Override
  public void close() {
    stop();
    deleteTree(Objects.requireNonNull(directory.getParent()));
  }

  private static void copyTree(Path from, Path to) {
    walk(
        from,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path dir, BasicFileAttributes attributes)
              throws IOException {
            Files.createDirectories(to.resolve(from.relativize(dir)));
            Files.setPosixFilePermissions(
                to.resolve(from.relativize(dir)), Files.getPosixFilePermissions(dir));
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.copy(file, to.resolve(from.relativize(file)));
            return FileVisitResult.CONTINUE;
          }
        });
  }

  private static void deleteTree(Path root) {
    walk(
        root,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path dir, @Nullable IOException failure)
              throws IOException {
            Files.delete(dir);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  private static void walk(Path root, SimpleFileVisitor<Path> visitor) {
    try {
      Files.walkFileTree(root, visitor);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
