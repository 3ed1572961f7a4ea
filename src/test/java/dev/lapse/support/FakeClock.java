package dev.lapse.support;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A wrong wall clock for child processes, by libfaketime where it is installed. */
final class FakeClock {

  /** Where Debian's package puts it. */
  private static final List<Path> PLACES =
      List.of(
          Path.of("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"),
          Path.of("/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1"));

  private FakeClock() {}

  static boolean isAvailable() {
    return library().isPresent();
  }

  /** The environment of a process whose timers are right and whose wall clock is not. */
  static Map<String, String> offBy(Duration offset) {
    Path library =
        library().orElseThrow(() -> new IllegalStateException("libfaketime is not installed"));
    return Map.of(
        "LD_PRELOAD",
        library.toString(),
        "FAKETIME",
        "%+ds".formatted(offset.toSeconds()),
        // The one name is of newer versions, the other of older.
        "FAKETIME_DONT_FAKE_MONOTONIC",
        "1",
        "DONT_FAKE_MONOTONIC",
        "1",
        // Or a file would seem to have changed since its classes were parsed.
        "NO_FAKE_STAT",
        "1",
        // Its correction of timed waits, for some glibc, makes a JVM that needs none crawl.
        "FAKETIME_FORCE_MONOTONIC_FIX",
        "0");
  }

  private static Optional<Path> library() {
    return PLACES.stream().filter(Files::isReadable).findFirst();
  }
}
