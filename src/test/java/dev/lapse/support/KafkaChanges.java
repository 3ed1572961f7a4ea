package dev.lapse.support;

import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/**
 * What an admin client changes, returning when it is in force. The call itself returns when the
 * controller has it in its log, which the broker that clients ask reads a moment later.
 */
public final class KafkaChanges {

  /** For a machine that is busy with other things. */
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private KafkaChanges() {}

  /** Returns when the broker knows them, and who leads each of their partitions. */
  public static void create(Admin admin, NewTopic... topics) throws Exception {
    admin.createTopics(List.of(topics)).all().get();
    List<String> names = Arrays.stream(topics).map(NewTopic::name).toList();
    until(
        () -> {
          try {
            return admin.describeTopics(names).allTopicNames().get().values().stream()
                .flatMap(topic -> topic.partitions().stream())
                .allMatch(partition -> partition.leader() != null);
          } catch (ExecutionException e) {
            if (e.getCause() instanceof UnknownTopicOrPartitionException) {
              return false;
            }
            throw e;
          }
        });
  }

  /** Returns when the broker has forgotten it. */
  public static void delete(Admin admin, String topic) throws Exception {
    admin.deleteTopics(List.of(topic)).all().get();
    until(() -> !admin.listTopics().names().get().contains(topic));
  }

  /** Sets a setting of a topic. Returns when the broker says that it has it. */
  public static void set(Admin admin, String topic, String name, String value) throws Exception {
    ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
    Map<ConfigResource, Collection<AlterConfigOp>> change =
        Map.of(
            resource,
            List.of(new AlterConfigOp(new ConfigEntry(name, value), AlterConfigOp.OpType.SET)));
    admin.incrementalAlterConfigs(change).all().get();
    until(
        () ->
            admin.describeConfigs(List.of(resource)).all().get().values().stream()
                .map(config -> config.get(name))
                .allMatch(entry -> value.equals(entry.value())));
  }

  /** Returns when the broker goes by them. */
  static void allow(Admin admin, Collection<AclBinding> acls) throws Exception {
    admin.createAcls(acls).all().get();
    until(() -> inForce(admin, acls).containsAll(acls));
  }

  /** Returns when the broker no longer goes by any of them. */
  static void forbid(Admin admin, Collection<AclBinding> acls) throws Exception {
    admin.deleteAcls(acls.stream().map(AclBinding::toFilter).toList()).all().get();
    until(() -> inForce(admin, acls).stream().noneMatch(acls::contains));
  }

  /** Asked of the broker's own authorizer. */
  private static Set<AclBinding> inForce(Admin admin, Collection<AclBinding> like)
      throws Exception {
    Set<AclBinding> found = new HashSet<>();
    for (AclBinding acl : Set.copyOf(like)) {
      found.addAll(admin.describeAcls(acl.toFilter()).values().get());
    }
    return found;
  }

  private static void until(Callable<Boolean> holds) {
    await().pollDelay(Duration.ZERO).atMost(PATIENCE).until(holds);
  }
}
