package dev.lapse.operations.metrics;

import dev.lapse.expiration.ExpirationListener;
import dev.lapse.expiration.Swept;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;

/** Counts what sweeps did. */
final class ExpirationMetrics implements ExpirationListener {

  private final Counter expired;
  private final Timer lateness;
  private final Timer sweep;

  ExpirationMetrics(MeterRegistry registry) {
    expired =
        Counter.builder("lapse.expired")
            .description("Approvals expired by this instance")
            .register(registry);
    lateness =
        Timer.builder("lapse.expiration.lateness")
            .description(
                "Time from deadline to expiry, of the approval that waited longest in each expiry run")
            .serviceLevelObjectives(Buckets.durations())
            .register(registry);
    sweep =
        Timer.builder("lapse.expiration.sweep")
            .description("Duration of an expiry run that expired something")
            .serviceLevelObjectives(Buckets.durations())
            .register(registry);
  }

  @Override
  public void expired(Swept swept, Duration took) {
    expired.increment((double) swept.expired());
    lateness.record(swept.lateness());
    sweep.record(took);
  }
}
