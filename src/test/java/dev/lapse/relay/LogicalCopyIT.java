package dev.lapse.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lapse.outbox.OriginSource;
import dev.lapse.support.EventConsumer;
import dev.lapse.support.EventConsumer.Event;
import dev.lapse.support.OwnPostgres;
import dev.lapse.support.Servers;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A physical copy of the database that a logical subscription keeps up to date, as in the middle of
 * an upgrade: the relay rests while it is fed, and repeats and loses nothing afterwards, though the
 * rows carry the other database's transaction ids.
 */
@ParameterizedClass
@EnumSource(OriginSource.class)
class LogicalCopyIT {

  private final String name = TestRelay.freshName();
  private final OriginSource origin;

  LogicalCopyIT(OriginSource origin) {
    this.origin = origin;
  }

  @Test
  void restsWhileItIsFedAndThenRepeatsAndLosesNothing() throws Exception {
    try (OwnPostgres old = OwnPostgres.migrated(origin, Map.of("wal_level", "logical"));
        EventConsumer consumer =
            EventConsumer.of(Servers.kafka().bootstrapServers(), name + ".")
                .without(name + ".position")) {
      try (OwnPostgres copy = old.copyWhileStopped()) {
        copy.start();
        old.execute("CREATE PUBLICATION everything FOR TABLE outbox");
        copy.execute(
            ("CREATE SUBSCRIPTION upgrade CONNECTION 'host=127.0.0.1 port=%d dbname=postgres"
                    + " user=postgres' PUBLICATION everything WITH (copy_data = false)")
                .formatted(old.port()));
        useTransactionIds(old, 2000); // so that those of its rows are of the copy's future
        old.append(50, "a");
        publish(old);
        old.append(50, "a");
        await()
            .atMost(Duration.ofMinutes(1))
            .until(() -> copy.count("SELECT count(*) FROM outbox") == 100);
        try (TestRelay relay = TestRelay.of(copy.service(), name, 50)) {
          long deadline = System.nanoTime() + Duration.ofMinutes(1).toNanos();
          while (relay.step.status().feed() == null && System.nanoTime() < deadline) {
            relay.step.runOnce();
          }
          assertThat(relay.step.status().feed()).isEqualTo("upgrade");
          assertThat(consumer.await(50)).hasSize(50);
        }
        copy.execute("DROP SUBSCRIPTION upgrade");
        copy.execute("SELECT setval('outbox_id_seq', 200)");
        try (TestRelay relay = TestRelay.of(copy.service(), name, 50)) {
          relay.drain();
          copy.append(5, "a");
          relay.drain();
          useTransactionIds(copy, 4000); // past those that the rows carried
          copy.append(5, "a");
          relay.drain();
        }

        assertThat(consumer.await(110))
            .extracting(Event::id)
            .containsExactlyElementsOf(copy.eventIds());
      }
    }
  }

  private static void useTransactionIds(OwnPostgres server, int count) {
    for (int i = 0; i < count; i++) {
      server.execute("SELECT pg_current_xact_id()");
    }
  }

  private void publish(OwnPostgres server) throws Exception {
    try (TestRelay relay = TestRelay.of(server.service(), name, 50)) {
      relay.drain();
    }
  }
}
