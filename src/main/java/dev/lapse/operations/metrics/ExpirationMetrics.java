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
    expired = Counter.builder("lapse.expired").description("Approvals expired").register(registry);
    lateness =
        Timer.builder("lapse.expiration.lateness")
            .description("From deadline to expiry, of the approval of a sweep that waited longest")
            .serviceLevelObjectives(Buckets.durations())
            .register(registry);
    sweep =
        Timer.builder("lapse.expiration.sweep")
            .description("What a sweep that expired something took")
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
