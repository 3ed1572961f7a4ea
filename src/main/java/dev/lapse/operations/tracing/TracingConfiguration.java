package dev.lapse.operations.tracing;

import dev.lapse.expiration.SweepTracing;
import io.micrometer.tracing.Tracer;
import io.micrometer.tracing.propagation.Propagator;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

@Configuration(proxyBeanMethods = false)
@ConditionalOnProperty(TracingFilter.ENDPOINT)
class TracingConfiguration {

  @Bean
  SweepTracing sweepTracing(Tracer tracer, Propagator propagator) {
    return new SweepSpans(tracer, propagator);
  }
}
