package dev.lapse.fault;

import dev.lapse.support.Leftovers;
import dev.lapse.support.OwnPostgres;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * A disk of a few megabytes, in memory, that a table of PostgreSQL can be put on, and that a test
 * can fill. Only where this process may mount file systems.
 *
 * <p>Close it when the server is stopped: it cannot be unmounted before.
 */
final class SmallDisk implements AutoCloseable {

  private static final String TABLESPACE = "small_disk";

  private final Path directory;

  private SmallDisk(Path directory) {
    this.directory = directory;
  }

  /** Whether this machine lets us. */
  static boolean canMount() {
    try {
      mounted(1).close();
      return true;
    } catch (IllegalStateException e) {
      return false;
    }
  }

  /**
   * @throws IllegalStateException if this process may not
   */
  static SmallDisk mounted(int megabytes) {
    try {
      Path directory = Leftovers.directory("lapse-disk");
      int code =
          run(
              "mount",
              "-t",
              "tmpfs",
              "-o",
              "mode=0700,size=" + megabytes + "m",
              "tmpfs",
              directory.toString());
      if (code != 0) {
        Files.delete(directory);
        throw new IllegalStateException("mount: exit code " + code);
      }
      SmallDisk disk = new SmallDisk(directory);
      Leftovers.closeInTheEnd(disk);
      return disk;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Moves a table and its indexes here, where they are all that there is. */
  void take(OwnPostgres postgres, String table) {
    try {
      Path space = Files.createDirectory(directory.resolve("space"));
      postgres.execute("CREATE TABLESPACE %s LOCATION '%s'".formatted(TABLESPACE, space));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    postgres.execute("ALTER TABLE %s SET TABLESPACE %s".formatted(table, TABLESPACE));
    List<String> indexes =
        postgres
            .jdbc()
            .sql("SELECT indexname FROM pg_indexes WHERE tablename = :table")
            .param("table", table)
            .query(String.class)
            .list();
    indexes.forEach(
        index -> postgres.execute("ALTER INDEX %s SET TABLESPACE %s".formatted(index, TABLESPACE)));
  }

  /** Leaves no byte to anybody. What PostgreSQL has of it already stays its own. */
  void fill() {
    byte[] page = new byte[4096];
    Arrays.fill(page, (byte) 1);
    try (OutputStream ballast = Files.newOutputStream(ballast())) {
      while (true) {
        ballast.write(page);
      }
    } catch (IOException e) {
      // full
    }
  }

  /** Gives back what {@link #fill} took. */
  void clear() {
    try {
      Files.deleteIfExists(ballast());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Path ballast() {
    return directory.resolve("ballast");
  }

  private void unmount() {
    try {
      // Lazily, for a server that is about to end.
      run("umount", "-l", directory.toString());
      Files.deleteIfExists(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static int run(String... command) throws IOException {
    try {
      return new ProcessBuilder(command)
          .redirectErrorStream(true)
          .redirectOutput(ProcessBuilder.Redirect.DISCARD)
          .start()
          .waitFor();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    unmount();
  }
}
