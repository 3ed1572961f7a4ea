package dev.lapse.bench;

/** One question asked of Lapse, and of what it is compared with. */
@FunctionalInterface
interface Benchmark {

  /** Measures, and notes every run; servers and options come from {@code stage}. */
  void run(Stage stage, Findings findings) throws Exception;
}
