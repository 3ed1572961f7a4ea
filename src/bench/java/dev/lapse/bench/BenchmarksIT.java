package dev.lapse.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/**
 * Runs the benchmarks that are asked for, on one stage: {@code ./mvnw -Pbench verify}.
 *
 * <p>A target that is missed is told in the table and fails nothing: how busy the machine is nobody
 * here knows. What fails is a benchmark that could not be done; those after it are done all the
 * same.
 */
class BenchmarksIT {

  private static final Map<String, Benchmark> ALL = new LinkedHashMap<>();

  static {
    ALL.put("drain", new Drain());
    ALL.put("compression", new Compression());
    ALL.put("latency", new Latency());
    ALL.put("lateness", new Lateness());
    ALL.put("sweep", new Sweep());
    ALL.put("idle", new Idle());
    ALL.put("growth", new Growth());
    ALL.put("writers", new Writers());
    ALL.put("retention", new Retention());
  }

  @Test
  void measures() throws Exception {
    Options options = Options.read(ALL.keySet());
    Map<String, Exception> failures = new LinkedHashMap<>();
    try (Stage stage = Stage.set(options)) {
      Report report = new Report(options, stage.servers());
      for (String name : options.only()) {
        Findings findings = new Findings(name);
        long begin = System.nanoTime();
        try {
          Objects.requireNonNull(ALL.get(name)).run(stage, findings);
        } catch (Exception e) {
          e.printStackTrace();
          failures.put(name, e);
          findings.note("It could not be finished: " + e);
        }
        findings.note("Took %d s.".formatted((System.nanoTime() - begin) / 1_000_000_000));
        report.add(findings);
      }
      System.out.println("\n" + report.table());
      report.keep();
    }
    assertThat(failures).isEmpty();
  }
}
