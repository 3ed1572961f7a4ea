package dev.lapse.operations;

import dev.lapse.deadline.LadderIsSet;
import dev.lapse.deadline.LadderListener;
import dev.lapse.deadline.LadderLoop;
import dev.lapse.expiration.Expiration;
import dev.lapse.expiration.ExpirationListener;
import dev.lapse.loop.Looping;
import dev.lapse.operations.health.Liveness;
import dev.lapse.operations.health.LoopHealth;
import dev.lapse.operations.health.RelayHealth;
import dev.lapse.outbox.DeadLetters;
import dev.lapse.relay.Relay;
import dev.lapse.retention.Retention;
import dev.lapse.schema.OwnSchema;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
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
    return (swept, took) -> relay.ifAvailable(Relay::wake);
  }

  @Bean
  LadderListener wakeRelayForSteps(ObjectProvider<Relay> relay) {
    return fired -> relay.ifAvailable(Relay::wake);
  }

  @Bean
  @Conditional(LadderIsSet.class)
  HealthIndicator ladderHealthIndicator(LadderLoop ladder) {
    return () -> LoopHealth.of(ladder);
  }

  /** Its health is called loops; see the liveness group. */
  @Bean
  HealthIndicator loopsHealthIndicator(ObjectProvider<Looping> loops) {
    return new Liveness(loops.stream().toList());
  }

  @Bean
  @ConditionalOnBooleanProperty(name = "lapse.retention.enabled", matchIfMissing = true)
  HealthIndicator retentionHealthIndicator(Retention retention) {
    return () -> LoopHealth.of(retention.loopStatus()).build();
  }

  @Bean
  @ConditionalOnBooleanProperty(name = "lapse.expiration.enabled", matchIfMissing = true)
  HealthIndicator expirationHealthIndicator(Expiration expiration) {
    return () -> LoopHealth.of(expiration);
  }

  @Bean
  @ConditionalOnBooleanProperty(name = "lapse.relay.enabled", matchIfMissing = true)
  HealthIndicator relayHealthIndicator(Relay relay) {
    return () -> RelayHealth.of(relay.loopStatus(), relay.status());
  }
}
