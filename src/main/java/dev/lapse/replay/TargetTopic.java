package dev.lapse.replay;

import dev.lapse.kafka.KafkaAccess;
import dev.lapse.problem.Reasons;
import java.util.List;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** The topic that somebody names for a replay. */
final class TargetTopic {

  private TargetTopic() {}

  /**
   * Sees to it that the topic is there. Sending to one that is not would make it, misspelt as it
   * may be, where brokers create topics by themselves, and time out where they do not.
   *
   * @throws IllegalStateException if it is not, or Kafka does not tell
   */
  static void requirePresent(KafkaAccess kafka, String topic) throws InterruptedException {
    try (Admin admin = kafka.admin()) {
      admin.describeTopics(List.of(topic)).allTopicNames().get();
    } catch (ExecutionException e) {
      throw e.getCause() instanceof UnknownTopicOrPartitionException
          ? new IllegalStateException(
              "Topic %s does not exist: create it, or name another one".formatted(topic), e)
          : new IllegalStateException(
              "Kafka at %s does not report whether topic %s exists (%s)"
                  .formatted(kafka.bootstrapServers(), topic, Reasons.of(e)),
              e);
    }
  }
}
