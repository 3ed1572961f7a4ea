package dev.lapse.operations.metrics;

import dev.lapse.loop.Failure;
import dev.lapse.loop.LoopStatus;
import dev.lapse.loop.Looping;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.List;

/** Whether the loops turn. */
final class LoopMetrics implements MeterBinder {

  private final List<Looping> loops;

  LoopMetrics(List<Looping> loops) {
    this.loops = List.copyOf(loops);
  }

  @Override
  public void bindTo(MeterRegistry registry) {
    for (Looping looping : loops) {
      Gauge.builder("lapse.loop.failing", looping, l -> isFailing(l.loopStatus()) ? 1 : 0)
          .tag("loop", looping.loop().name())
          .description("1 while the worker fails or has ended")
          .register(registry);
      FunctionCounter.builder(
              "lapse.loop.failures",
              looping,
              l -> (double) l.lastFailure().map(Failure::count).orElse(0L))
          .tag("loop", looping.loop().name())
          .description("Failed iterations of the worker")
          .register(registry);
    }
  }

  private static boolean isFailing(LoopStatus status) {
    return status instanceof LoopStatus.BackingOff || status instanceof LoopStatus.Broken;
  }
}
