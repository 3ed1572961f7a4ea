package dev.lapse.bench;

import dev.lapse.support.LapseProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** The service while it is measured. It is stopped as supervisors do, so that it may say all. */
final class Service implements AutoCloseable {

  private final LapseProcess process;

  Service(LapseProcess process) {
    this.process = process;
  }

  long pid() {
    return process.pid();
  }

  /** Everything printed so far. */
  String output() {
    return process.output();
  }

  /** The most memory it ever had resident, in megabytes; NaN where that cannot be told. */
  double peakMemory() throws IOException {
    Path status = Path.of("/proc", Long.toString(pid()), "status");
    if (!Files.exists(status)) {
      return Double.NaN;
    }
    try (Stream<String> lines = Files.lines(status)) {
      return lines
          .filter(line -> line.startsWith("VmHWM:"))
          .mapToDouble(line -> Double.parseDouble(line.replaceAll("\\D", "")) / 1024)
          .findFirst()
          .orElse(Double.NaN);
    }
  }

  @Override
  public void close() {
    process.terminate();
    try {
      process.exitCode();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    } finally {
      process.close();
    }
  }
}
