package dev.lapse.support;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.springframework.util.FileSystemUtils;

/**
 * A PgBouncer before a database, in transaction mode: two sessions of the server's for everybody,
 * so that no two transactions of a client can count on the same one.
 */
public final class PgBouncer implements AutoCloseable {

  private static final Duration PATIENCE = Duration.ofMinutes(1);

  /** Where Debian's package puts it. */
  private static final Path PROGRAM = Path.of("/usr/sbin/pgbouncer");

  private final Path directory;
  private final TestDatabase database;
  private final int port = Ports.free();
  private final ChildProcess process;

  private PgBouncer(TestDatabase database) throws IOException {
    this.database = database;
    this.directory = Leftovers.directory("pgbouncer");
    URI server = URI.create(database.url().substring("jdbc:".length()));
    Path users = directory.resolve("users");
    Files.writeString(users, "\"%s\" \"%s\"%n".formatted(Roles.SERVICE, Roles.PASSWORD));
    Path config = directory.resolve("pgbouncer.ini");
    Files.writeString(
        config,
        """
        [databases]
        * = host=%s port=%d
        [pgbouncer]
        listen_addr = 127.0.0.1
        listen_port = %d
        unix_socket_dir =
        auth_type = scram-sha-256
        auth_file = %s
        pool_mode = transaction
        default_pool_size = 2
        ignore_startup_parameters = extra_float_digits
        """
            .formatted(
                server.getHost().equals("localhost") ? "127.0.0.1" : server.getHost(),
                server.getPort(),
                port,
                users));
    if ("root".equals(System.getProperty("user.name"))) {
      // It refuses to be root, and reads its files after it has ceased to be.
      Files.writeString(config, Files.readString(config) + "user = nobody\n");
      Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
    this.process =
        ChildProcess.of(
            List.of(PROGRAM.toString(), config.toString()),
            Map.of(),
            directory.resolve("pgbouncer.log"));
  }

  public static boolean isInstalled() {
    return Files.isExecutable(PROGRAM);
  }

  /** Returns when it answers. */
  public static PgBouncer before(TestDatabase database) {
    try {
      PgBouncer bouncer = new PgBouncer(database);
      bouncer.awaitService();
      return bouncer;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void awaitService() {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      try {
        new Socket(InetAddress.getLoopbackAddress(), port).close();
        return;
      } catch (IOException e) {
        if (!process.isAlive() || System.nanoTime() - deadline > 0) {
          String said = log();
          close();
          throw new IllegalStateException("pgbouncer does not serve:\n" + said);
        }
      }
    }
  }

  /** The database's, through it; without parameters. */
  public String url() {
    return database.url().replaceFirst("//[^/]+/", "//127.0.0.1:%d/".formatted(port));
  }

  /** Everything it said so far. */
  public String log() {
    return process.output();
  }

  @Override
  public void close() {
    process.close();
    try {
      FileSystemUtils.deleteRecursively(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
