package dev.lapse.audit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lapse.kafka.KafkaAccess;
import dev.lapse.support.Published;
import dev.lapse.support.Servers;
import dev.lapse.support.TestDatabase;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The audit raises no false alarm, whatever else goes on in the topics. */
class KafkaAuditIT {

  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private final TestDatabase database = TestDatabase.migrated();
  private final String topic = "audit-" + UUID.randomUUID();
  private final Published published = new Published(database, topic);
  private final KafkaAccess kafka = new KafkaAccess(Servers.kafka().bootstrapServers(), Map.of());

  @BeforeEach
  void createTopic() throws Exception {
    published.createTopic();
  }

  @AfterEach
  void close() {
    published.close();
    database.close();
  }

  /** A key's events in two topics have no order that a consumer could see. */
  @Test
  void anEventIsNotOutOfOrderBehindOneOfItsKeyInAnotherTopic() throws Exception {
    try (Published other = new Published(database, topic + ".other").createTopic()) {
      append("('a', '%1$s'), ('b', '%1$s'), ('a', '%1$s.other')");
      other.send(3);
      published.send(2, 1);
      published.checkpoint("lapse", 3);

      KafkaFindings findings = audit(PATIENCE);

      assertThat(findings.outOfOrder().getCount()).isZero();
      assertThat(findings.overtaken().getCount()).isZero();
      assertThat(findings.holds()).isTrue();
    }
  }

  @Test
  void anEventIsNotMissingBehindAnOpenTransaction() throws Exception {
    append("('a', '%1$s'), ('b', '%1$s')");
    AutoCloseable transaction = published.openTransaction();
    try {
      published.send(1, 2);
      published.checkpoint("lapse", 2);

      KafkaFindings findings = audit(Duration.ofSeconds(2));

      assertThat(findings.missing().getCount()).isZero();
      assertThat(findings.incomplete()).contains("a transaction is open in " + topic + "-0");
      assertThat(findings.holds()).isFalse();
    } finally {
      transaction.close();
    }

    KafkaFindings afterwards = audit(PATIENCE);
    assertThat(afterwards.incomplete()).isNull();
    assertThat(afterwards.events()).isEqualTo(2);
    assertThat(afterwards.holds()).isTrue();
  }

  @Test
  void passesOverWhatIsNobodysEvent() throws Exception {
    append("('a', '%1$s')");
    published.sendForeign();
    published.send(1);
    published.checkpoint("lapse", 1);

    assertThat(audit(PATIENCE).holds()).isTrue();
  }

  @Test
  void goesOnBehindWhatIsDeletedWhileItReads() throws Exception {
    append("('a', '%1$s'), ('b', '%1$s'), ('c', '%1$s')");
    published.send(1, 2, 3);
    try (KafkaSide topics = new KafkaSide(kafka, Set.of(topic))) {
      published.deleteBefore(2);

      int records = 0;
      while (!topics.atEnd()) {
        records += topics.poll(Duration.ofMillis(100)).size();
      }

      assertThat(records).isOne();
      assertThat(topics.reach()).singleElement().matches(reach -> reach.since() != null);
    }
  }

  /** In one transaction. */
  private void append(String keysAndTopics) {
    database.execute(
        "INSERT INTO outbox (key, topic, type, payload) SELECT *, 'Noted', '{}' FROM (VALUES %s) v"
            .formatted(keysAndTopics.formatted(topic)));
  }

  private KafkaFindings audit(Duration patience) throws InterruptedException {
    return new KafkaAudit(kafka, database.jdbc(), "lapse", "/approvals", Map.of())
        .run(null, null, patience, false);
  }
}
