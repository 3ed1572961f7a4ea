package dev.lapse.operations.metrics;

import dev.lapse.deadline.LadderIsSet;
import dev.lapse.deadline.LadderLoop;
import dev.lapse.decision.LateDecisionListener;
import dev.lapse.doctor.Checkups;
import dev.lapse.expiration.Expiration;
import dev.lapse.expiration.ExpirationListener;
import dev.lapse.loop.Looping;
import dev.lapse.pause.Part;
import dev.lapse.relay.Relay;
import dev.lapse.relay.RelayListener;
import dev.lapse.retention.Retention;
import dev.lapse.retention.RetentionListener;
import dev.lapse.status.Watch;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.function.Predicate;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;

@Configuration(proxyBeanMethods = false)
class MetricsConfiguration {

  @Bean
  ExpirationListener expirationMetrics(MeterRegistry registry) {
    return new ExpirationMetrics(registry);
  }

  @Bean
  RelayListener relayMetrics(MeterRegistry registry) {
    return new RelayMetrics(registry);
  }

  @Bean
  RetentionListener retentionMetrics(MeterRegistry registry) {
    Counter purged =
        Counter.builder("lapse.purged")
            .description("Published rows deleted from the outbox by this instance")
            .register(registry);
    return purged::increment;
  }

  @Bean
  LateDecisionListener lateDecisionMetrics(MeterRegistry registry) {
    Timer lateness =
        Timer.builder("lapse.decision.lateness")
            .description("Time from deadline to a decision that came too late, of decide_approval")
            .serviceLevelObjectives(Buckets.delays())
            .register(registry);
    return lateness::record;
  }

  @Bean
  MeterBinder loopMetrics(ObjectProvider<Looping> loops) {
    return new LoopMetrics(loops.stream().toList());
  }

  @Bean
  @ConditionalOnBooleanProperty(name = "lapse.watch.enabled", matchIfMissing = true)
  MeterBinder databaseMetrics(Watch watch) {
    return new DatabaseMetrics(watch);
  }

  @Bean
  @ConditionalOnBooleanProperty(name = "lapse.expiration.enabled", matchIfMissing = true)
  MeterBinder expirationGauges(Expiration expiration) {
    return registry -> {
      paused(expiration, Part.EXPIRATION, e -> e.paused().isPresent()).register(registry);
      Gauge.builder("lapse.storm.guard.tripped", expiration, e -> e.isStormGuardTripped() ? 1 : 0)
          .description("1 while the mass-expiry protection waits for an operator")
          .register(registry);
    };
  }

  @Bean
  MeterBinder checkGauges(ObjectProvider<Checkups> checkups) {
    return registry ->
        checkups.ifAvailable(
            all ->
                Gauge.builder("lapse.checks.failing", all, c -> c.failing().size())
                    .description("Checks of the database that fail; 0 before the first")
                    .register(registry));
  }

  @Bean
  @Conditional(LadderIsSet.class)
  MeterBinder ladderGauges(LadderLoop ladder) {
    return registry -> paused(ladder, Part.LADDER, l -> l.paused().isPresent()).register(registry);
  }

  @Bean
  @ConditionalOnBooleanProperty(name = "lapse.relay.enabled", matchIfMissing = true)
  MeterBinder relayGauges(Relay relay) {
    return registry -> {
      paused(relay, Part.RELAY, r -> r.status().paused() != null).register(registry);
      Gauge.builder("lapse.relay.leading", relay, r -> r.status().leading() ? 1 : 0)
          .description("1 while this instance is the leader and publishes, 0 while it is a standby")
          .register(registry);
      Gauge.builder("lapse.dead.letters", relay, r -> r.status().deadLetters())
          .description("Keys blocked by an undeliverable event; 0 on a standby")
          .register(registry);
    };
  }

  @Bean
  @ConditionalOnBooleanProperty(name = "lapse.retention.enabled", matchIfMissing = true)
  MeterBinder retentionGauges(Retention retention) {
    return registry ->
        Gauge.builder("lapse.retention.period", retention, r -> r.period().toSeconds())
            .baseUnit("seconds")
            .description("How long published rows are kept")
            .register(registry);
  }

  private static <T> Gauge.Builder<T> paused(T owner, Part part, Predicate<T> isPaused) {
    return Gauge.builder("lapse.paused", owner, o -> isPaused.test(o) ? 1 : 0)
        .tag("part", part.word())
        .description("1 while paused by an operator or by the mass-expiry protection");
  }
}
