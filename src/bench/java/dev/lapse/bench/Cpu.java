package dev.lapse.bench;

import java.time.Duration;
import java.util.Collection;
import java.util.List;

/**
 * Processor time that processes use from now on, as the system counts it. Other than time on the
 * wall it says the same on a busy machine.
 */
final class Cpu {

  private final List<Long> processes;
  private final Duration before;

  private Cpu(Collection<Long> processes) {
    this.processes = List.copyOf(processes);
    this.before = used();
  }

  /** Counts from this moment on. */
  static Cpu of(long pid) {
    return of(List.of(pid));
  }

  static Cpu of(Collection<Long> pids) {
    return new Cpu(pids);
  }

  /** Seconds used since. */
  double seconds() {
    return used().minus(before).toNanos() / 1e9;
  }

  /** Microseconds used since, for each of {@code events}. */
  double microsecondsEach(long events) {
    return seconds() * 1e6 / events;
  }

  /** Of one that has ended no more is known than that. */
  private Duration used() {
    return processes.stream()
        .flatMap(pid -> ProcessHandle.of(pid).stream())
        .flatMap(process -> process.info().totalCpuDuration().stream())
        .reduce(Duration.ZERO, Duration::plus);
  }
}
