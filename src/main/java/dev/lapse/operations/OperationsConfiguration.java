package dev.lapse.operations;

import dev.lapse.expiration.ExpirationListener;
import dev.lapse.loop.Loop;
import dev.lapse.relay.Relay;
import dev.lapse.relay.RelayListener;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.flyway.autoconfigure.FlywayMigrationStrategy;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.simple.JdbcClient;

@Configuration(proxyBeanMethods = false)
class OperationsConfiguration {

  @Bean
  ApprovalsTable approvalsTable(JdbcClient jdbc) {
    return new ApprovalsTable(jdbc);
  }

  @Bean
  FlywayMigrationStrategy checkThenMigrate(ApprovalsTable approvals) {
    return flyway -> {
      approvals.checkIfPresent();
      flyway.migrate();
    };
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
  @ConditionalOnBean(name = "expirationLoop")
  HealthIndicator expirationHealthIndicator(Loop expirationLoop) {
    return () -> LoopHealth.of(expirationLoop.status()).build();
  }

  @Bean
  HealthIndicator relayHealthIndicator(ObjectProvider<Relay> relays, MeterRegistry registry) {
    Relay relay = relays.getIfAvailable();
    if (relay == null) {
      return () -> LoopHealth.of(new dev.lapse.loop.LoopStatus.Stopped()).build();
    }
    Gauge.builder("lapse.relay.leading", relay, r -> r.status().leading() ? 1 : 0)
        .description("1 while this instance publishes, 0 while it stands by")
        .register(registry);
    return () ->
        LoopHealth.of(relay.loopStatus())
            .withDetail("leading", relay.status().leading())
            .withDetail("publishedId", relay.status().publishedId())
            .build();
  }
}
