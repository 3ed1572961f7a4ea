package dev.lapse.support;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.LoggerFactory;

/** The first process of a PostgreSQL that serves a data directory, if one does. */
final class Postmaster {

  private final Optional<ProcessHandle> process;

  private Postmaster(Optional<ProcessHandle> process) {
    this.process = process;
  }

  static Postmaster of(Path dataDirectory) {
    try (Stream<String> lines = Files.lines(dataDirectory.resolve("postmaster.pid"))) {
      return new Postmaster(ProcessHandle.of(Long.parseLong(lines.findFirst().orElseThrow())));
    } catch (NoSuchFileException e) {
      return new Postmaster(Optional.empty());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * What {@code pg_ctl stop -m immediate} does: all its processes end at once, and what is not on
   * disk is lost. Returns when they are gone.
   */
  void stopImmediately() {
    process.ifPresent(running -> ChildProcess.signal("QUIT", running.pid()));
    awaitEnd();
  }

  /** Closes the handle of a server that is gone, about which the handle would print a stack. */
  static void close(EmbeddedPostgres stopped) throws IOException {
    Logger log = (Logger) LoggerFactory.getLogger(EmbeddedPostgres.class);
    log.setLevel(Level.OFF);
    try {
      stopped.close();
    } finally {
      log.setLevel(null);
    }
  }

  /**
   * Returns when it is gone. The embedded server's own closing may be under way in another thread,
   * and then returns at once.
   */
  void awaitEnd() {
    process.ifPresent(running -> running.onExit().join());
  }
}
