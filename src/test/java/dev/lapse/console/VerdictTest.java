package dev.lapse.console;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lapse.doctor.Diagnosis;
import dev.lapse.expiration.Refusal;
import dev.lapse.outbox.Checkpoints;
import dev.lapse.pause.Part;
import dev.lapse.pause.Pause;
import dev.lapse.status.Status;
import dev.lapse.status.Status.Count;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Each fault has its item, and only where there is none it is well. */
class VerdictTest {

  private static final OffsetDateTime NOW = OffsetDateTime.parse("2026-11-28T02:00:00Z");
  private static final Status.Relay LED =
      new Status.Relay(new Status.Member("10.0.0.1", "a"), List.of());

  private Status.@Nullable Database database = database(null, null, 0, List.of());
  private @Nullable String databaseFailure;
  private Status.@Nullable Relay relay = LED;
  private @Nullable String kafkaFailure;
  private Map<String, Facts.Worker> health = Map.of("expiration", up(), "relay", up());
  private Map<Part, Pause> paused = Map.of();
  private List<Diagnosis> failing = List.of();
  private List<Refusal> refused = List.of();
  private Status.@Nullable Transaction longTransaction;

  @Test
  void isWellIfNothingNeedsAttention() {
    assertThat(verdict()).isEqualTo(new Verdict("well", List.of()));
  }

  @Test
  void isDownWithoutTheDatabaseAndSaysItOnce() {
    database = null;
    databaseFailure = "no answer within 4 s";
    health = Map.of("expiration", down("the same"), "watch", down("the same"));
    assertOnly("down", "PostgreSQL", "Nothing expires until it does; nothing is lost");
  }

  @Test
  void isDownWithoutKafkaAndSaysItOnce() {
    relay = null;
    kafkaFailure = "Kafka does not answer (timeout)";
    health = Map.of("expiration", up(), "relay", down("timeout"));
    assertOnly("down", "Kafka", "approvals expire on time");
  }

  /** A failure of one worker alone is no outage. */
  @Test
  void isDownWhileAWorkerFails() {
    health = Map.of("expiration", down("permission denied"), "relay", up());
    assertOnly("down", "expiration", "permission denied");
  }

  @Test
  void isDegradedWhileSomethingIsLate() {
    database = database(12.0, null, 0, List.of());
    assertOnly("degraded", "overdue", "the oldest for 12.0 s");
    database = database(null, 12.0, 0, List.of());
    assertOnly("degraded", "backlog", "Consumers do not have them yet");
    database = database(9.0, 9.0, 0, List.of());
    assertThat(verdict().word()).isEqualTo("well");
  }

  @Test
  void saysWhoPausedAndWhatWaits() {
    database = database(3600.0, null, 0, List.of());
    paused = Map.of(Part.EXPIRATION, new Pause("a migration", NOW, "ada", false));
    assertOnly(
        "degraded", "expiration paused", "Paused by ada: a migration. 3 approvals are overdue");
    assertThat(verdict().attention().get(0).act()).isEqualTo("resume expiration");

    paused = Map.of(Part.EXPIRATION, new Pause("3 of 4 would expire", NOW, "lapse", true));
    assertOnly("degraded", "mass-expiry protection", "Expiry is paused (3 of 4 would expire)");

    paused = Map.of(Part.LADDER, new Pause("3 of 4 would be announced", NOW, "lapse", true));
    assertThat(verdict().attention().get(0).text())
        .startsWith("Reminders and escalations are paused (3 of 4 would be announced)");
    assertThat(verdict().attention().get(0).act()).isEqualTo("resume ladder");
  }

  @Test
  void saysThatNobodyPublishes() {
    relay = new Status.Relay(null, List.of());
    assertOnly("degraded", "no leader", "events wait in the outbox");
    relay = null; // not asked yet
    assertThat(verdict().word()).isEqualTo("well");
  }

  @Test
  void showsDeadLettersAndStaleCheckpoints() {
    database = database(null, null, 2, List.of());
    assertOnly("degraded", "dead letters", "2 events cannot be published");
    database = database(null, null, 0, List.of(new Checkpoints.Stale("o'ld", 7, NOW)));
    assertOnly("degraded", "stale checkpoint", "blocks purging");
    assertThat(verdict().attention().get(0).action()).contains("DELETE FROM", "'o''ld'");
  }

  @Test
  void showsChecksAndRefusalsWithoutWhatTheySaw() {
    failing = List.of(Diagnosis.fails("trial", "approval 4711 is refused", "It stays.", "Fix it."));
    assertOnly("degraded", "trial", "The trial failed");
    assertThat(verdict().attention().get(0).text()).doesNotContain("4711");
    assertThat(verdict().attention().get(0).detail()).contains("4711", "Fix it.");
    failing = List.of();

    refused = List.of(new Refusal("4711", "no"));
    assertOnly("degraded", "refused approvals", "does not let 1 approvals expire");
    assertThat(verdict().attention().get(0).detail()).isEqualTo("4711: no");
  }

  @Test
  void showsALongTransaction() {
    longTransaction = new Status.Transaction(42, "psql", "idle in transaction", 700);
    assertOnly("degraded", "long transaction", "pid=42");
    assertThat(verdict().attention().get(0).action()).contains("pg_terminate_backend(42)");
  }

  private void assertOnly(String word, String what, String text) {
    Verdict verdict = verdict();
    assertThat(verdict.word()).isEqualTo(word);
    assertThat(verdict.attention())
        .singleElement()
        .satisfies(
            one -> {
              assertThat(one.what()).isEqualTo(what);
              assertThat(one.text()).contains(text);
              assertThat(one.action()).isNotBlank();
            });
  }

  private Verdict verdict() {
    return Verdict.of(
        new Facts(
            health,
            database,
            databaseFailure,
            relay,
            kafkaFailure,
            paused,
            failing,
            refused,
            longTransaction,
            Duration.ofSeconds(11)));
  }

  private static Facts.Worker up() {
    return new Facts.Worker("UP", Map.of());
  }

  private static Facts.Worker down(String reason) {
    return new Facts.Worker("DOWN", Map.of("reason", reason, "action", "fix it"));
  }

  private static Status.Database database(
      @Nullable Double overdue,
      @Nullable Double unpublished,
      long deadLetters,
      List<Checkpoints.Stale> stale) {
    return new Status.Database(
        new Count(4, false),
        new Count(3, false),
        null,
        null,
        new Count(0, false),
        new Count(5, false),
        new Count(0, false),
        unpublished,
        1L,
        1.0,
        deadLetters,
        List.of(),
        stale,
        overdue,
        1,
        null,
        null,
        0,
        null,
        List.of(),
        null);
  }
}
