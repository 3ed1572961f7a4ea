package dev.lapse.operations.tracing;

import dev.lapse.expiration.SweepTracing;
import dev.lapse.expiration.Swept;
import io.micrometer.tracing.Span;
import io.micrometer.tracing.Tracer;
import io.micrometer.tracing.propagation.Propagator;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A trace for each sweep that expires something. Whether it is sampled stands in its traceparent;
 * one of a sweep that found nothing is dropped, and nobody has heard of it.
 */
final class SweepSpans implements SweepTracing {

  private final Tracer tracer;
  private final Propagator propagator;

  SweepSpans(Tracer tracer, Propagator propagator) {
    this.tracer = tracer;
    this.propagator = propagator;
  }

  @Override
  public @Nullable Trace begin() {
    Span span =
        tracer.spanBuilder().setNoParent().name("lapse sweep").kind(Span.Kind.PRODUCER).start();
    Map<String, String> carrier = new HashMap<>();
    propagator.inject(span.context(), carrier, (map, key, value) -> carrier.put(key, value));
    String traceparent = carrier.get("traceparent");
    return traceparent == null ? null : new SweepSpan(span, traceparent);
  }

  private record SweepSpan(Span span, String traceparent) implements Trace {

    @Override
    public void end(Swept swept) {
      if (swept.expired() > 0) {
        span.tag("lapse.expired", swept.expired());
        span.end();
      } else {
        span.abandon();
      }
    }
  }
}
