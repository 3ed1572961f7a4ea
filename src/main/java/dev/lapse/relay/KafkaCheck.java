package dev.lapse.relay;

import dev.lapse.loop.Reasons;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;

/** Refuses to start without Kafka: what is wrong from the start is for a person to mend. */
public final class KafkaCheck {

  KafkaCheck(KafkaClients clients, KafkaSettings settings) {
    Admin admin = null;
    try {
      admin = clients.admin();
      admin.describeCluster().nodes().get();
    } catch (ExecutionException | RuntimeException e) {
      throw new UnreachableException(settings.bootstrapServers(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new UnreachableException(settings.bootstrapServers(), e);
    } finally {
      if (admin != null) {
        admin.close(Duration.ZERO);
      }
    }
  }

  /** Kafka did not answer. */
  public static final class UnreachableException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    UnreachableException(String servers, Exception cause) {
      super("Kafka does not answer at %s (%s)".formatted(servers, Reasons.of(cause)), cause);
    }
  }
}
