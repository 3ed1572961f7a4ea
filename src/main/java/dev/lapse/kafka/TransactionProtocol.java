package dev.lapse.kafka;

import dev.lapse.problem.Reasons;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.FinalizedVersionRange;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.errors.UnsupportedForMessageFormatException;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.jspecify.annotations.Nullable;

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

  /**
   * Why the brokers offer no transactions; empty if they do, or if they do not tell.
   *
   * @param id a transactional id, which is only looked up
   */
  public static Optional<String> refusal(Admin admin, String id) throws InterruptedException {
    try {
      admin.describeTransactions(List.of(id)).all().get();
      return Optional.empty();
    } catch (ExecutionException e) {
      return refusal(e.getCause() == null ? e : e.getCause());
    }
  }

  /**
   * What a failed description of a transactional id tells of transactions: finding its coordinator
   * comes first, and every broker that offers transactions has one.
   */
  public static Optional<String> refusal(@Nullable Throwable failure) {
    boolean none =
        failure instanceof UnsupportedVersionException
            ? !isTooOldToDescribe(failure)
            : failure instanceof InvalidRequestException
                || failure instanceof UnsupportedForMessageFormatException;
    return none && failure != null ? Optional.of(Reasons.of(failure)) : Optional.empty();
  }

  /** Brokers before 3.0 offer transactions, and cannot describe them. */
  public static boolean isTooOldToDescribe(@Nullable Throwable failure) {
    return failure instanceof UnsupportedVersionException
        && String.valueOf(failure.getMessage()).contains("DESCRIBE_TRANSACTIONS");
  }
}
