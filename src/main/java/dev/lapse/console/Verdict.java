package dev.lapse.console;

import dev.lapse.doctor.Diagnosis;
import dev.lapse.expiration.Refusal;
import dev.lapse.outbox.Checkpoints;
import dev.lapse.pause.Part;
import dev.lapse.pause.Pause;
import dev.lapse.status.Status;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Whether all is well, and what is not. It is well exactly if nothing needs attention.
 *
 * @param word well, degraded or down
 * @param attention what somebody should look at; the worst first
 */
record Verdict(String word, List<Attention> attention) {

  private static final Duration LATE_EVENT = Duration.ofSeconds(10);

  /** What fails by itself while PostgreSQL does not answer. */
  private static final Set<String> OF_THE_DATABASE =
      Set.of("expiration", "retention", "watch", "checkup");

  /** Shown in one item. */
  private static final int LISTED = 20;

  static Verdict of(Facts facts) {
    Findings findings = new Findings();
    if (facts.database() == null) {
      findings.down(
          Attention.of(
              "postgresql",
              "PostgreSQL",
              "PostgreSQL does not answer (%s). Nothing expires until it does; nothing is lost."
                  .formatted(facts.databaseFailure()),
              "check that PostgreSQL runs and can be reached; lapse doctor"));
    }
    if (facts.kafkaFailure() != null) {
      findings.down(
          Attention.of(
              "kafka",
              "Kafka",
              facts.kafkaFailure() + ". Events wait in the outbox; approvals expire on time.",
              "check that Kafka runs and can be reached; lapse doctor"));
    }
    facts.health().forEach((name, part) -> worker(findings, facts, name, part));
    facts.failing().forEach(check -> check(findings, check));
    if (!facts.refused().isEmpty()) {
      refused(findings, facts.refused());
    }
    if (facts.database() != null) {
      database(findings, facts, facts.database());
    }
    Status.Transaction oldest = facts.longTransaction();
    if (oldest != null) {
      findings.degraded(
          Attention.of(
              "transaction",
              "long transaction",
              "A transaction has been open for %s and holds back vacuum: pid=%s. Expiry and publishing become slower."
                  .formatted(
                      Spans.of(Duration.ofSeconds((long) oldest.seconds())),
                      oldest.pid() == null ? "-" : oldest.pid()),
              "check whether it is stuck; if so: SELECT pg_terminate_backend(%s)"
                  .formatted(oldest.pid())));
    }
    return findings.verdict();
  }

  /** What a worker of this instance says, unless something above says the same. */
  private static void worker(Findings findings, Facts facts, String name, Facts.Worker worker) {
    String code = worker.status();
    boolean explained =
        (facts.database() == null && OF_THE_DATABASE.contains(name))
            || (facts.kafkaFailure() != null && name.equals("relay") && facts.database() != null);
    if (code.equals("UP") || explained) {
      return;
    }
    Map<String, Object> details = worker.details();
    String reason = text(details.getOrDefault("reason", details.get("error")));
    if (code.equals("DEGRADED") && isShownElsewhere(facts, name, details, reason)) {
      return;
    }
    Attention attention =
        Attention.of(
                "worker " + name,
                name,
                reason == null ? code.toLowerCase(Locale.ROOT) : reason,
                text(details.get("action")))
            .since(instant(details.get("since")));
    if (code.equals("DEGRADED") || code.equals("UNKNOWN")) {
      findings.degraded(attention);
    } else {
      findings.down(attention);
    }
  }

  /** In an item with more to read, or with a button. */
  private static boolean isShownElsewhere(
      Facts facts, String name, Map<String, Object> details, @Nullable String reason) {
    boolean paused = "paused".equals(details.get("state")) && !facts.paused().isEmpty();
    boolean letters =
        reason != null && reason.startsWith("some events cannot be published") && hasLetters(facts);
    boolean refused = details.containsKey("refused") && !facts.refused().isEmpty();
    return paused || letters || refused || (name.equals("checkup") && !facts.failing().isEmpty());
  }

  private static boolean hasLetters(Facts facts) {
    return facts.database() != null && facts.database().deadLetters() > 0;
  }

  /** Of what was seen, a part may quote a row. */
  private static void check(Findings findings, Diagnosis check) {
    findings.degraded(
        Attention.of(
                "check " + check.name(),
                check.name().equals("trial") ? "trial" : "checkup",
                check.name().equals("trial")
                    ? "The trial failed: the database will refuse to let an approval expire."
                    : "The check \"%s\" of the database fails.".formatted(check.name()),
                "lapse doctor")
            .withDetail("%s. %s action: %s".formatted(check.seen(), check.why(), check.action())));
  }

  private static void refused(Findings findings, List<Refusal> refused) {
    findings.degraded(
        Attention.of(
                "refused",
                "refused approvals",
                "The database does not let %d approvals expire; all others expire."
                    .formatted(refused.size()),
                "fix the reasons in the log (\"Cannot expire approval\"); Lapse retries by itself")
            .withDetail(
                refused.stream()
                    .limit(LISTED)
                    .map(one -> "%s: %s".formatted(one.id(), one.reason()))
                    .collect(Collectors.joining("\n"))));
  }

  private static void database(Findings findings, Facts facts, Status.Database database) {
    facts.paused().forEach((part, pause) -> paused(findings, database, part, pause));
    Double overdue = database.overdueSeconds();
    if (overdue != null
        && overdue > facts.late().toSeconds()
        && !facts.paused().containsKey(Part.EXPIRATION)) {
      findings.degraded(
          Attention.of(
              "overdue",
              "overdue",
              "%s approvals are overdue, the oldest for %s. They are still pending."
                  .formatted(database.due(), seconds(overdue)),
              "lapse explain ID says why one has not expired"));
    }
    Double oldest = database.oldestUnpublishedSeconds();
    if (oldest != null
        && oldest > LATE_EVENT.toSeconds()
        && !facts.paused().containsKey(Part.RELAY)) {
      findings.degraded(
          Attention.of(
              "backlog",
              "backlog",
              "%s events are not published, the oldest for %s. Consumers do not have them yet."
                  .formatted(database.backlog(), seconds(oldest)),
              "lapse status; lapse doctor"));
    }
    if (facts.relay() != null && facts.relay().leader() == null) {
      findings.degraded(
          Attention.of(
              "leader",
              "no leader",
              "No instance publishes, so events wait in the outbox. A handover takes seconds.",
              "start an instance with lapse.relay.enabled=true"));
    }
    if (database.deadLetters() > 0) {
      findings.degraded(
          Attention.of(
                  "dead letters",
                  "dead letters",
                  "%d events cannot be published; their keys are blocked, all others are published."
                      .formatted(database.deadLetters()),
                  "lapse dead-letters list; fix the cause; lapse dead-letters requeue --all")
              .withAct("requeue all"));
    }
    for (Checkpoints.Stale stale : database.stopped()) {
      findings.degraded(
          Attention.of(
                  "stale " + stale.relay(),
                  "stale checkpoint",
                  "The checkpoint of relay \"%s\" blocks purging, so the outbox grows."
                      .formatted(stale.relay()),
                  stale.action())
              .since(stale.writtenAt().toInstant()));
    }
  }

  private static void paused(Findings findings, Status.Database database, Part part, Pause pause) {
    String meanwhile =
        switch (part) {
          case RELAY -> "%s events wait; approvals expire on time.".formatted(database.backlog());
          case LADDER -> "Approvals expire on time, but nobody is reminded.";
          case EXPIRATION -> "%s approvals are overdue and stay pending.".formatted(database.due());
        };
    String paused = part == Part.LADDER ? "Reminders and escalations are" : "Expiry is";
    findings.degraded(
        Attention.of(
                "paused " + part.word(),
                pause.storm() ? "mass-expiry protection" : part.word() + " paused",
                pause.storm()
                    ? "%s paused (%s). %s".formatted(paused, pause.reason(), meanwhile)
                    : "Paused by %s: %s. %s"
                        .formatted(pause.by(), pause.reason().replaceFirst("\\.$", ""), meanwhile),
                pause.storm()
                    ? (part == Part.LADDER
                            ? "check the deadlines"
                            : "check the deadlines: lapse expire --dry-run")
                        + "; then: lapse resume "
                        + part.word()
                    : "lapse resume " + part.word())
            .since(pause.since().toInstant())
            .withAct("resume " + part.word()));
  }

  private static String seconds(double seconds) {
    return Spans.of(Duration.ofMillis((long) (seconds * 1000)));
  }

  private static @Nullable String text(@Nullable Object value) {
    return value == null ? null : value.toString();
  }

  private static @Nullable Instant instant(@Nullable Object value) {
    try {
      return value == null ? null : Instant.parse(value.toString());
    } catch (DateTimeParseException e) {
      return null;
    }
  }

  /** The worst first, whatever was found first. */
  private static final class Findings {

    private final List<Attention> down = new ArrayList<>();
    private final List<Attention> degraded = new ArrayList<>();

    void down(Attention attention) {
      down.add(attention);
    }

    void degraded(Attention attention) {
      degraded.add(attention);
    }

    Verdict verdict() {
      String word = !down.isEmpty() ? "down" : degraded.isEmpty() ? "well" : "degraded";
      List<Attention> all = new ArrayList<>(down);
      all.addAll(degraded);
      return new Verdict(word, List.copyOf(all));
    }
  }
}
