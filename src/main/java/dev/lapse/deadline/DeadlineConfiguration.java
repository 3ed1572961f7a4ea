package dev.lapse.deadline;

import dev.lapse.approvals.ApprovalsSettings;
import dev.lapse.approvals.ApprovalsTable;
import dev.lapse.approvals.OptIn;
import dev.lapse.expiration.ExpirationSettings;
import dev.lapse.pause.Pauses;
import java.util.List;
import java.util.Map;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.simple.JdbcClient;

@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(DeadlineSettings.class)
class DeadlineConfiguration {

  /** Said here, and not by the triggers: they would refuse every writer. */
  private static void requireCreatedAt(ApprovalsSettings approvals, String setting) {
    if (approvals.columns().createdAt().isEmpty()) {
      throw new IllegalArgumentException(
          "%s counts from when an approval was requested: also set lapse.approvals.columns.created-at"
              .formatted(setting));
    }
  }

  @Bean
  OptIn ladderTriggers(DeadlineSettings settings, ApprovalsSettings approvals) {
    Ladder ladder = Ladder.of(settings.ladder());
    if (ladder.hasShare()) {
      requireCreatedAt(approvals, "A share in lapse.ladder");
    }
    return new OptIn(
        "ladder",
        "lapse.ladder",
        "Nobody is reminded of approvals that are written meanwhile.",
        !ladder.isEmpty(),
        ladder.words());
  }

  @Bean
  OptIn moveTriggers(DeadlineSettings settings, ApprovalsSettings approvals) {
    if (settings.deadlines().maxLifetime() != null) {
      requireCreatedAt(approvals, "lapse.deadlines.max-lifetime");
    }
    return moves(settings.deadlines());
  }

  static OptIn moves(DeadlineSettings.Deadlines settings) {
    return new OptIn(
        "moves",
        "lapse.deadlines.moves",
        "Moves of a deadline are neither recorded, nor published, nor limited.",
        settings.moves(),
        Map.of(
            "max_moves",
            settings.maxMoves() == null ? "" : settings.maxMoves().toString(),
            "max_lifetime",
            settings.maxLifetime() == null
                ? ""
                : "interval '%d ms'".formatted(settings.maxLifetime().toMillis())));
  }

  @Bean
  Extension extension(JdbcClient jdbc, ApprovalsTable table) {
    return new Extension(jdbc, table);
  }

  @Bean
  @Conditional(LadderIsSet.class)
  LadderLoop ladderLoop(
      JdbcClient jdbc,
      ApprovalsTable table,
      DeadlineSettings settings,
      ExpirationSettings expiration,
      List<LadderListener> listeners) {
    Ladder ladder = Ladder.of(settings.ladder());
    return new LadderLoop(
        new LadderStep(
            new DueSteps(jdbc, table, ladder),
            new StepStorm(jdbc, ladder.words(), expiration.stormGuard()),
            new Pauses(jdbc),
            fired -> listeners.forEach(listener -> listener.fired(fired)),
            System::nanoTime));
  }
}
