package dev.lapse.console;

import dev.lapse.status.Status;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.health.actuate.endpoint.CompositeHealthDescriptor;
import org.springframework.boot.health.actuate.endpoint.HealthDescriptor;
import org.springframework.boot.health.actuate.endpoint.IndicatedHealthDescriptor;

/**
 * What {@code /actuator/health} says, and what is late.
 *
 * @param word well, degraded or down
 * @param attention what somebody should look at; empty where all is well
 */
record Verdict(String word, List<Attention> attention) {

  /** An approval that is longer overdue than this is not merely next. */
  private static final double LATE = 10; // s

  /**
   * @param what the part that it is about
   * @param text what happened and what comes of it
   * @param since since when; null if nobody knows
   * @param action what to do
   */
  record Attention(String what, String text, @Nullable String since, @Nullable String action) {}

  static Verdict of(HealthDescriptor health, Status.@Nullable Database database) {
    List<Attention> attention = new ArrayList<>();
    String worst = word(health.getStatus().getCode());
    if (health instanceof CompositeHealthDescriptor composite
        && composite.getComponents() != null) {
      Objects.requireNonNull(composite.getComponents())
          .forEach((name, part) -> add(attention, name, part));
    }
    if (database == null) {
      worst = "down";
    } else {
      worst = late(attention, worst, database);
    }
    return new Verdict(worst, List.copyOf(attention));
  }

  private static String late(List<Attention> attention, String worst, Status.Database database) {
    String word = worst;
    Double overdue = database.overdueSeconds();
    if (overdue != null && overdue > LATE) {
      attention.add(
          new Attention(
              "overdue",
              "%s approvals are overdue, the oldest for %.0f s; they are still pending."
                  .formatted(database.due(), overdue),
              null,
              "lapse explain ID says why one has not expired"));
      word = worse(word);
    }
    Double oldest = database.oldestUnpublishedSeconds();
    if (oldest != null && oldest > LATE) {
      attention.add(
          new Attention(
              "outbox",
              "%s events wait, the oldest for %.0f s; consumers do not have them yet."
                  .formatted(database.backlog(), oldest),
              null,
              "lapse status; lapse doctor"));
      word = worse(word);
    }
    for (Status.Paused paused : database.paused()) {
      if (attention.stream().noneMatch(known -> known.what().equals(paused.part()))) {
        attention.add(
            new Attention(
                paused.part(),
                "Paused: " + paused.reason(),
                paused.since().toInstant().toString(),
                "lapse resume " + paused.part()));
      }
      word = worse(word);
    }
    if (database.deadLetters() > 0
        && attention.stream().noneMatch(known -> known.what().equals("relay"))) {
      attention.add(
          new Attention(
              "dead letters",
              "Kafka refuses %d events; their keys are blocked, all others flow."
                  .formatted(database.deadLetters()),
              null,
              "lapse dead-letters list"));
      word = worse(word);
    }
    return word;
  }

  private static String worse(String word) {
    return word.equals("well") ? "degraded" : word;
  }

  private static void add(List<Attention> attention, String name, HealthDescriptor part) {
    String word = word(part.getStatus().getCode());
    if (word.equals("well") || !(part instanceof IndicatedHealthDescriptor indicated)) {
      return;
    }
    Map<String, Object> details = indicated.getDetails();
    if (details == null) {
      details = Map.of();
    }
    Object reason = details.getOrDefault("reason", details.get("error"));
    Object since = details.get("since");
    Object action = details.get("action");
    attention.add(
        new Attention(
            name,
            reason == null
                ? part.getStatus().getCode().toLowerCase(Locale.ROOT)
                : reason.toString(),
            since == null ? null : since.toString(),
            action == null ? null : action.toString()));
  }

  private static String word(String code) {
    return switch (code) {
      case "UP" -> "well";
      case "DEGRADED" -> "degraded";
      case "UNKNOWN" -> "not known";
      default -> "down";
    };
  }
}
