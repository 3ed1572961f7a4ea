package dev.lapse.support;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.platform.launcher.LauncherSession;
import org.junit.platform.launcher.LauncherSessionListener;

/** Stops the shared servers after the last test of this JVM, while all that they need is there. */
public final class EndOfTests implements LauncherSessionListener {

  /** The build gives each JVM of tests a directory of its own, which nobody has made yet. */
  @Override
  public void launcherSessionOpened(LauncherSession session) {
    try {
      Files.createDirectories(Path.of(System.getProperty("java.io.tmpdir")));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void launcherSessionClosed(LauncherSession session) {
    LeftOut.print();
    Leftovers.remove();
  }
}
