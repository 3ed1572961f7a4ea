package dev.lapse.kafka;

import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.FinalizedVersionRange;

/** Which of Kafka's transaction protocols the brokers run: the feature transaction.version. */
public final class TransactionProtocol {

  /** From this level on no delayed request decides a later transaction (KAFKA-17754, KIP-890). */
  public static final int SAFE = 2;

  private TransactionProtocol() {}

  /** The level that all brokers run; 0 where they know none. */
  public static int level(Admin admin) throws ExecutionException, InterruptedException {
    FinalizedVersionRange version =
        admin
            .describeFeatures()
            .featureMetadata()
            .get()
            .finalizedFeatures()
            .get("transaction.version");
    return version == null ? 0 : version.maxVersionLevel();
  }
}
