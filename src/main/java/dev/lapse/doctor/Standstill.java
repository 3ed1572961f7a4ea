package dev.lapse.doctor;

import dev.lapse.outbox.DeadLetters;
import dev.lapse.outbox.Feeds;
import dev.lapse.pause.Part;
import dev.lapse.pause.Pause;
import dev.lapse.pause.Pauses;
import java.util.ArrayList;
import java.util.List;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * What keeps a service from its work that could do it: a pause, a subscription that feeds the
 * outbox, dead letters. Asked for people; a running service has it in its health. Callable from any
 * thread.
 */
public final class Standstill {

  private final Pauses pauses;
  private final Feeds feeds;
  private final DeadLetters deadLetters;

  public Standstill(JdbcClient jdbc) {
    this.pauses = new Pauses(jdbc);
    this.feeds = new Feeds(jdbc);
    this.deadLetters = new DeadLetters(jdbc);
  }

  public List<Diagnosis> run() {
    return List.of(
        Diagnosis.of("pause", this::pauses),
        Diagnosis.of("outbox", this::feeds),
        Diagnosis.of("dead-letters", this::deadLetters));
  }

  /** Whether expiry is paused. */
  public Diagnosis expiration() {
    return Diagnosis.of(
        "pause",
        () ->
            pauses
                .find(Part.EXPIRATION)
                .map(pause -> paused(List.of("expiration"), List.of(pause)))
                .orElseGet(() -> Diagnosis.holds("pause", "expiry is not paused")));
  }

  private Diagnosis pauses() {
    List<String> parts = new ArrayList<>();
    List<Pause> found = new ArrayList<>();
    for (Part part : Part.values()) {
      pauses
          .find(part)
          .ifPresent(
              pause -> {
                parts.add(part.word());
                found.add(pause);
              });
    }
    return found.isEmpty() ? Diagnosis.holds("pause", "nothing is paused") : paused(parts, found);
  }

  private static Diagnosis paused(List<String> parts, List<Pause> pauses) {
    List<String> seen = new ArrayList<>();
    List<String> actions = new ArrayList<>();
    for (int i = 0; i < parts.size(); i++) {
      Pause pause = pauses.get(i);
      seen.add(
          "%s is paused since %s by %s: %s"
              .formatted(parts.get(i), pause.since(), pause.by(), pause.reason()));
      actions.add("lapse resume " + parts.get(i));
    }
    return Diagnosis.fails(
        "pause",
        String.join("; ", seen),
        "What is paused does nothing until somebody resumes it.",
        "If the reason is gone: " + String.join("; ", actions));
  }

  private Diagnosis feeds() {
    return feeds
        .find()
        .map(
            subscription ->
                Diagnosis.fails(
                    "outbox",
                    "the subscription %s writes to the outbox".formatted(subscription),
                    "Nothing is published from this copy as long as it is fed.",
                    "Once the switch to this database is over: " + Feeds.end(subscription) + ";"))
        .orElseGet(() -> Diagnosis.holds("outbox", "no subscription writes to it"));
  }

  private Diagnosis deadLetters() {
    int count = deadLetters.list().size();
    return count == 0
        ? Diagnosis.holds("dead-letters", "none")
        : Diagnosis.warns(
            "dead-letters",
            "%d events could not be published".formatted(count),
            "Later events of their keys wait behind them.",
            "See lapse dead-letters list; fix the reasons, then: lapse dead-letters requeue --all");
  }
}
