package dev.lapse.support;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import org.springframework.util.FileSystemUtils;

/**
 * What must be gone when the tests end, however they end: servers that all tests of this JVM share,
 * and temporary files. The newest goes first. It goes when the last test is done ({@link
 * EndOfTests}), or else when the JVM ends, as by Ctrl-C.
 *
 * <p>One order for all, since the JVM itself runs its shutdown hooks all at once: Kafka's own
 * deletes the directories of a broker that still runs, which then keeps the JVM from its end.
 */
public final class Leftovers {

  private static final Deque<AutoCloseable> ALL = new ArrayDeque<>();

  static {
    Runtime.getRuntime().addShutdownHook(new Thread(Leftovers::remove, "leftovers"));
  }

  private Leftovers() {}

  /** An empty directory, deleted in the end with all that is in it, if nobody did so before. */
  public static Path directory(String prefix) {
    try {
      Path directory = Files.createTempDirectory(prefix);
      closeInTheEnd(() -> delete(directory));
      return directory;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** An empty file, deleted in the end, if nobody did so before. */
  public static Path file(String prefix, String suffix) {
    try {
      Path file = Files.createTempFile(prefix, suffix);
      closeInTheEnd(() -> Files.deleteIfExists(file));
      return file;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Although another thread, such as an embedded server's own, may be deleting it as well. */
  private static void delete(Path directory) throws IOException {
    IOException last = null;
    for (int tries = 0; tries < 10 && Files.exists(directory); tries++) {
      try {
        FileSystemUtils.deleteRecursively(directory);
      } catch (NoSuchFileException | DirectoryNotEmptyException | UncheckedIOException e) {
        last = new IOException("not deleted: " + directory, e);
      }
    }
    if (last != null && Files.exists(directory)) {
      throw last;
    }
  }

  /** Before all that was named earlier. */
  public static void closeInTheEnd(AutoCloseable resource) {
    synchronized (ALL) {
      ALL.push(resource);
    }
  }

  /** For what is closed already. */
  static void forget(AutoCloseable resource) {
    synchronized (ALL) {
      ALL.remove(resource);
    }
  }

  /** Closes all, one after the other. What fails is printed and keeps none of the others. */
  static void remove() {
    while (true) {
      AutoCloseable next;
      synchronized (ALL) {
        next = ALL.poll();
      }
      if (next == null) {
        return;
      }
      try {
        next.close();
      } catch (Exception e) {
        System.err.println("left behind: " + e);
      }
    }
  }
}
