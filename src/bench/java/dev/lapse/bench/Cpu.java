package dev.lapse.bench;

import java.time.Duration;

/** Processor time that processes have used, from what the system counts. */
final class Cpu {

  private Cpu() {}

  static Duration of(long pid) {
    return ProcessHandle.of(pid)
        .flatMap(process -> process.info().totalCpuDuration())
        .orElseThrow();
  }

  /** Seconds that a process used since {@code before}. */
  static double secondsSince(Duration before, long pid) {
    return of(pid).minus(before).toNanos() / 1e9;
  }
}
