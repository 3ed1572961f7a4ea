package dev.lapse.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lapse.outbox.OriginSource;
import dev.lapse.support.EventConsumer;
import dev.lapse.support.EventConsumer.Event;
import dev.lapse.support.Logged;
import dev.lapse.support.OwnPostgres;
import dev.lapse.support.Servers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * After a failover or a restore from a copy nothing of what the database still holds is lost, and
 * what repeats repeats with the same {@code ce_id}.
 *
 * <p>Past the fork, ids and transaction ids are issued anew, to other events.
 */
@ParameterizedClass
@EnumSource(OriginSource.class)
class AnotherTimelineIT {

  private final String name = TestRelay.freshName();
  private final List<AutoCloseable> opened = new ArrayList<>();
  private final OwnPostgres primary;
  private final EventConsumer consumer =
      opened(
          EventConsumer.of(Servers.kafka().bootstrapServers(), name + ".")
              .without(name + ".position"));

  AnotherTimelineIT(OriginSource origin) {
    primary = opened(OwnPostgres.migrated(origin, Map.of()));
  }

  private <T extends AutoCloseable> T opened(T resource) {
    opened.add(0, resource);
    return resource;
  }

  @AfterEach
  void stop() throws Exception {
    for (AutoCloseable resource : opened) {
      resource.close();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {3, 100})
  void losesNothingWhenAStandbyThatLaggedIsPromoted(int written) throws Exception {
    primary.append(30, "both");
    publish(primary);
    primary.execute(
        "BEGIN; INSERT INTO outbox (type, key, payload) VALUES ('Noted', 'late', '{}');"
            + " PREPARE TRANSACTION 'late'");
    primary.append(10, "both, and not yet in the checkpoint");
    publishAndDie(primary);
    OwnPostgres standby = opened(primary.copyWhileStopped());
    primary.append(40, "the old primary's only");
    publish(primary);
    primary.stop();

    standby.startAsStandby();
    standby.promote();
    standby.execute("COMMIT PREPARED 'late'");
    standby.append(written, "the new primary's only");
    List<String> warnings = publish(standby);

    List<String> expected = standby.eventIds();
    assertThat(expected).hasSize(41 + written);
    List<Event> events = received(80 + written + 1);
    assertThat(events).extracting(Event::id).containsAll(expected);
    assertThat(repeated(events)).isSubsetOf(new HashSet<>(expected));
    assertThat(warnings).singleElement().asString().contains("Resuming from an earlier position");

    // And from here on it is as ever.
    int before = events.size();
    standby.append(5, "after");
    assertThat(publish(standby)).isEmpty();
    assertThat(received(before + 5)).hasSize(before + 5);
  }

  @Test
  void repeatsNothingWhenTheStandbyHeldEverything() throws Exception {
    primary.append(30, "both");
    publish(primary);
    OwnPostgres standby = opened(primary.copyWhileStopped());
    primary.stop();

    standby.startAsStandby();
    standby.promote();
    List<String> warnings = publish(standby);
    warnings.addAll(publish(standby)); // another start, before there is anything new
    standby.append(3, "new");
    warnings.addAll(publish(standby));

    assertThat(received(33))
        .extracting(Event::id)
        .containsExactlyInAnyOrderElementsOf(standby.eventIds());
    assertThat(warnings).isEmpty();
  }

  /** Without a promotion the timeline stays; only the log, ids and transaction ids are younger. */
  @ParameterizedTest
  @CsvSource({"3, false", "100, false", "3, true", "100, true"})
  void losesNothingWhenTheFilesOfADatabaseGoBackInTime(int written, boolean pastTheOld)
      throws Exception {
    primary.append(30, "both");
    publish(primary);
    OwnPostgres copy = opened(primary.copyWhileStopped());
    primary.append(40, "lost with the old files");
    publish(primary);
    primary.stop();

    copy.start();
    copy.append(written, "new");
    if (pastTheOld) {
      goPastTheLogOf(copy);
    }
    List<String> warnings = publish(copy);

    List<Event> events = received(70 + written);
    assertThat(events).extracting(Event::id).containsAll(copy.eventIds());
    assertThat(warnings).singleElement().asString().contains("Resuming from an earlier position");
  }

  /** Into the next 16 MB of the log, and a thousand transactions on. */
  private static void goPastTheLogOf(OwnPostgres postgres) {
    postgres.execute("SELECT pg_switch_wal()");
    postgres.execute("CREATE TABLE ballast ()");
    for (int i = 0; i < 100; i++) {
      postgres.execute("SELECT pg_current_xact_id()");
    }
    postgres.execute("SELECT pg_switch_wal()");
  }

  /** The old primary serves on, cut off from its writers, while connections move to the new. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7})
  void losesNothingWhenConnectionsMoveInTheMiddleOfATakeOver(int lastToTheOld) throws Exception {
    primary.append(30, "both");
    publish(primary);
    OwnPostgres standby = opened(primary.copyWhileStopped());
    primary.append(40, "the old primary's only");
    publish(primary);
    standby.startAsStandby();
    standby.promote();
    standby.append(60, "the new primary's only");

    ScriptedDataSource moving =
        new ScriptedDataSource(
            n -> (n <= lastToTheOld ? primary : standby).service().getConnection());
    try (TestRelay relay = TestRelay.of(moving, name, 500)) {
      do {
        relay.drainThroughFailures();
      } while (moving.count() <= lastToTheOld + 1);
    }

    assertThat(received(130)).extracting(Event::id).containsAll(standby.eventIds());
  }

  @Test
  void refusesToReadAStandby() throws Exception {
    primary.append(3, "a");
    OwnPostgres standby = opened(primary.copyWhileStopped());
    standby.startAsStandby();

    try (TestRelay relay = TestRelay.of(standby.service(), name, 500)) {
      assertThatThrownBy(relay::drain)
          .isInstanceOf(java.sql.SQLException.class)
          .hasMessageContaining("The database is a standby");
    }
  }

  /** Publishes what there is, stops in good order, and returns what the take-over warned of. */
  private List<String> publish(OwnPostgres postgres) throws Exception {
    return publish(postgres.service());
  }

  private List<String> publish(DataSource dataSource) throws Exception {
    try (Logged logged = Logged.by(TakeOver.class)) {
      try (TestRelay relay = TestRelay.of(dataSource, name, 500)) {
        relay.drain();
      }
      return new ArrayList<>(logged.warnings());
    }
  }

  /** Publishes what there is, and leaves no checkpoint of it. */
  private void publishAndDie(OwnPostgres postgres) throws Exception {
    String before = checkpoint(postgres);
    try (TestRelay relay = TestRelay.of(postgres.service(), name, 500)) {
      relay.drain();
      relay.step.recover(new Exception("died"));
    }
    if (!checkpoint(postgres).equals(before)) {
      // written at the end of the first cycle: put it back where a death within it leaves it
      postgres.execute(
          "UPDATE relay_checkpoint SET (published_id, snapshot, lsn, written_lsn) = " + before);
    }
  }

  private String checkpoint(OwnPostgres postgres) {
    return postgres
        .jdbc()
        .sql(
            """
            SELECT format('(SELECT %s, %L::pg_snapshot, %L::pg_lsn, %L::pg_lsn)',
                          published_id, snapshot, lsn, written_lsn)
            FROM relay_checkpoint WHERE relay = :relay
            """)
        .param("relay", name)
        .query(String.class)
        .single();
  }

  /** At least {@code count} events, and whatever comes right after them. */
  private List<Event> received(int count) {
    consumer.await(count);
    while (!consumer.poll(Duration.ofMillis(300)).isEmpty()) {
      // more than that
    }
    return List.copyOf(consumer.received());
  }

  private static Set<String> repeated(List<Event> events) {
    Set<String> seen = new HashSet<>();
    Set<String> repeated = new HashSet<>();
    for (Event event : events) {
      if (!seen.add(event.id())) {
        repeated.add(event.id());
      }
    }
    return repeated;
  }
}
