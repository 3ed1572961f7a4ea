package dev.lapse.operations;

import dev.lapse.expiration.Expiration;
import dev.lapse.expiration.ExpirationListener;
import dev.lapse.outbox.DeadLetters;
import dev.lapse.pause.Part;
import dev.lapse.relay.Relay;
import dev.lapse.relay.RelayListener;
import dev.lapse.retention.Retention;
import dev.lapse.retention.RetentionListener;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.DependsOn;
import org.springframework.jdbc.core.simple.JdbcClient;

@Configuration(proxyBeanMethods = false)
class OperationsConfiguration {

  /** Migrated or not, everything must be there before the loops start. */
  @Bean
  @DependsOn("approvalsTable") // what is wrong with the application's table is told first
  @ConditionalOnBooleanProperty(name = "lapse.check.tables", matchIfMissing = true)
  OwnSchema ownSchema(JdbcClient jdbc) {
    OwnSchema schema = new OwnSchema(jdbc);
    schema.check();
    return schema;
  }

  /** For the commands: with or without a relay. */
  @Bean
  DeadLetters deadLetters(JdbcClient jdbc) {
    return new DeadLetters(jdbc);
  }

  /** A sweep in this process need not wait for the relay's next look at the outbox. */
  @Bean
  ExpirationListener wakeRelay(ObjectProvider<Relay> relay) {
    return swept -> relay.ifAvailable(Relay::wake);
  }

  @Bean
  ExpirationListener expirationMetrics(MeterRegistry registry) {
    Counter expired =
        Counter.builder("lapse.expired").description("Approvals expired").register(registry);
    Timer lateness =
        Timer.builder("lapse.expiration.lateness")
            .description("From deadline to expiry, of the approval of a sweep that waited longest")
            .register(registry);
    return swept -> {
      expired.increment((double) swept.expired());
      lateness.record(swept.lateness());
    };
  }

  @Bean
  RelayListener relayMetrics(MeterRegistry registry) {
    Counter published =
        Counter.builder("lapse.published")
            .description("Events committed in Kafka")
            .register(registry);
    return published::increment;
  }

  @Bean
  RetentionListener retentionMetrics(MeterRegistry registry) {
    Counter purged =
        Counter.builder("lapse.purged")
            .description("Published records deleted from the outbox")
            .register(registry);
    return purged::increment;
  }

  @Bean
  @ConditionalOnBooleanProperty(name = "lapse.retention.enabled", matchIfMissing = true)
  HealthIndicator retentionHealthIndicator(Retention retention) {
    return () -> LoopHealth.of(retention.loopStatus()).build();
  }

  @Bean
  @ConditionalOnBooleanProperty(name = "lapse.expiration.enabled", matchIfMissing = true)
  HealthIndicator expirationHealthIndicator(Expiration expiration, MeterRegistry registry) {
    Gauge.builder("lapse.paused", expiration, e -> e.paused().isPresent() ? 1 : 0)
        .tag("part", Part.EXPIRATION.word())
        .description("1 while it is paused, by a person or by the storm guard")
        .register(registry);
    return () -> LoopHealth.of(expiration);
  }

  @Bean
  @ConditionalOnBooleanProperty(name = "lapse.relay.enabled", matchIfMissing = true)
  HealthIndicator relayHealthIndicator(Relay relay, MeterRegistry registry) {
    Gauge.builder("lapse.relay.leading", relay, r -> r.status().leading() ? 1 : 0)
        .description("1 while this instance publishes, 0 while it stands by")
        .register(registry);
    Gauge.builder("lapse.dead.letters", relay, r -> r.status().deadLetters())
        .description("Keys that wait behind an event that Kafka refuses; 0 while standing by")
        .register(registry);
    Gauge.builder("lapse.paused", relay, r -> r.status().paused() == null ? 0 : 1)
        .tag("part", Part.RELAY.word())
        .description("1 while it is paused, by a person or by the storm guard")
        .register(registry);
    return () -> RelayHealth.of(relay.loopStatus(), relay.status());
  }
}
