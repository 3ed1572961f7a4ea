package dev.lapse.status;

import dev.lapse.kafka.KafkaAccess;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.DescribeConsumerGroupsOptions;
import org.apache.kafka.clients.admin.MemberDescription;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.GroupIdNotFoundException;

/** The relay's consumer group: whoever is assigned the position topic's partition leads. */
final class RelayGroup {

  /** A person waits for it, and Kafka may be down. */
  private static final int PATIENCE = 4_000; // ms

  private final KafkaAccess kafka;
  private final String relay;

  RelayGroup(KafkaAccess kafka, String relay) {
    this.kafka = kafka;
    this.relay = relay;
  }

  Status.Relay read() throws ExecutionException, InterruptedException {
    try (Admin admin = kafka.admin()) {
      return sort(
          admin
              .describeConsumerGroups(
                  List.of(relay), new DescribeConsumerGroupsOptions().timeoutMs(PATIENCE))
              .all()
              .get()
              .values()
              .stream()
              .flatMap(group -> group.members().stream())
              .toList());
    } catch (ExecutionException e) {
      if (e.getCause() instanceof GroupIdNotFoundException) {
        return new Status.Relay(null, List.of()); // no instance has ever run
      }
      throw e;
    }
  }

  private Status.Relay sort(List<MemberDescription> members) {
    TopicPartition partition = new TopicPartition(relay + ".position", 0);
    Status.Member leader = null;
    List<Status.Member> standbys = new ArrayList<>();
    for (MemberDescription description : members) {
      Status.Member member =
          new Status.Member(description.host().replaceFirst("^/", ""), description.consumerId());
      if (description.assignment().topicPartitions().contains(partition)) {
        leader = member;
      } else {
        standbys.add(member);
      }
    }
    return new Status.Relay(leader, standbys);
  }
}
