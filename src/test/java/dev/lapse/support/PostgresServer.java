package dev.lapse.support;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import org.testcontainers.postgresql.PostgreSQLContainer;

/**
 * A real PostgreSQL. Durable: fsync and synchronous_commit are on, which the embedded one has off
 * unless told.
 */
public final class PostgresServer implements AutoCloseable {

  private static final String IMAGE = "postgres:18";

  private final String authority;
  private final String user;
  private final String password;
  private final Runnable stop;

  private PostgresServer(String authority, String user, String password, Runnable stop) {
    this.authority = authority;
    this.user = user;
    this.password = password;
    this.stop = stop;
  }

  public static PostgresServer embedded() {
    Path data = Leftovers.directory("embedded-postgres");
    try {
      PostgresServer server = embedded(data);
      Leftovers.closeInTheEnd(server);
      return server;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static PostgresServer embedded(Path data) throws IOException {
    EmbeddedPostgres server =
        EmbeddedPostgres.builder()
            .setDataDirectory(data)
            .setServerConfig("fsync", "on")
            .setServerConfig("synchronous_commit", "on")
            .setServerConfig("full_page_writes", "on")
            .setServerConfig("max_connections", "200")
            .setServerConfig("max_prepared_transactions", "50")
            .start();
    return new PostgresServer(
        "localhost:" + server.getPort(), "postgres", "postgres", () -> close(server, data));
  }

  public static PostgresServer inDocker() {
    PostgreSQLContainer server =
        new PostgreSQLContainer(IMAGE)
            .withUsername("postgres")
            .withPassword("postgres")
            .withDatabaseName("postgres")
            .withCommand(
                "postgres", "-c", "max_connections=200", "-c", "max_prepared_transactions=50");
    server.start();
    return new PostgresServer(
        server.getHost() + ":" + server.getFirstMappedPort(), "postgres", "postgres", server::stop);
  }

  private static void close(EmbeddedPostgres server, Path data) {
    try {
      // Its data go with it: there is nothing to write to disk.
      Postmaster.of(data).stopImmediately();
      Postmaster.close(server); // which deletes them
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public String url(String database) {
    return "jdbc:postgresql://" + authority + "/" + database;
  }

  public String user() {
    return user;
  }

  public String password() {
    return password;
  }

  @Override
  public void close() {
    Leftovers.forget(this);
    stop.run();
  }
}
