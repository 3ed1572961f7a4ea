package dev.lapse.relay;

import dev.lapse.kafka.KafkaSettings;
import dev.lapse.outbox.OutboxIdentities;
import dev.lapse.outbox.OutboxReader;
import dev.lapse.problem.Problem;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/**
 * Whether this outbox may publish under the configured relay name, asked without taking part. Each
 * call opens clients of its own and closes them. Callable from any thread.
 */
public final class RelayName {

  private final KafkaSettings kafka;
  private final RelaySettings relay;
  private final OutboxIdentities identities;
  private final OutboxReader reader;

  public RelayName(
      KafkaSettings kafka, RelaySettings relay, OutboxIdentities identities, OutboxReader reader) {
    this.kafka = kafka;
    this.relay = relay;
    this.identities = identities;
    this.reader = reader;
  }

  /**
   * What is wrong; empty if nothing is, or if nobody has ever published under the name.
   *
   * @throws Exception if Kafka or PostgreSQL does not answer
   */
  public Optional<Problem> conflict() throws Exception {
    KafkaClients clients = new KafkaClients(kafka, relay);
    try (Admin admin = clients.admin()) {
      // Asked first: the client logs an error where offsets of an unknown topic are asked for.
      admin.describeTopics(List.of(relay.positionTopic())).allTopicNames().get();
      new Ownership(identities, relay).check(new PositionTopic(clients, relay), admin, reader);
      return Optional.empty();
    } catch (ForeignPositionException e) {
      return Optional.of(e.problem());
    } catch (ExecutionException e) {
      if (e.getCause() instanceof UnknownTopicOrPartitionException) {
        return Optional.empty();
      }
      throw e;
    }
  }
}
