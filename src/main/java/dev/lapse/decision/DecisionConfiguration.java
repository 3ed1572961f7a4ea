package dev.lapse.decision;

import dev.lapse.approvals.OptIn;
import java.util.List;
import java.util.Map;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.simple.JdbcClient;

@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties({DecisionSettings.class, EventSettings.class})
class DecisionConfiguration {

  /** With the events of decisions, too: whoever makes it expire, an approval has its event. */
  @Bean
  OptIn decide(DecisionSettings decisions, EventSettings events) {
    return new OptIn(
        "decide",
        "lapse.decisions.enabled",
        "Without them decide_approval refuses late calls, and an expiry by other writers has no event.",
        decisions.enabled() || events.decided(),
        Map.of());
  }

  @Bean
  @ConditionalOnBooleanProperty(name = "lapse.decisions.enabled")
  @ConditionalOnBooleanProperty(name = "lapse.watch.enabled", matchIfMissing = true)
  LateDecisions lateDecisions(
      JdbcClient jdbc, DecisionSettings settings, List<LateDecisionListener> listeners) {
    return new LateDecisions(
        jdbc, settings.keepLate(), late -> listeners.forEach(listener -> listener.late(late)));
  }

  @Bean
  OptIn decided(EventSettings events) {
    return new OptIn(
        "decided",
        "lapse.events.decided",
        "Without them no event reports a decision.",
        events.decided(),
        Map.of());
  }

  @Bean
  OptIn requested(EventSettings events) {
    return new OptIn(
        "requested",
        "lapse.events.requested",
        "Without them no event reports a new approval.",
        events.requested(),
        Map.of());
  }
}
