package dev.lapse.kafka;

import dev.lapse.problem.Plugins;
import dev.lapse.problem.Reasons;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.SslAuthenticationException;

/**
 * What is wrong with Kafka, said so that a person can fix it. Without Kafka the service starts all
 * the same, since approvals expire without it. Only a client that cannot even be made ends the
 * start.
 */
public final class KafkaAtStart {

  private final String servers;
  private final KafkaAccess kafka;

  public KafkaAtStart(KafkaAccess kafka) {
    this.servers = kafka.bootstrapServers();
    this.kafka = kafka;
  }

  /**
   * Asks nobody, so it takes no time.
   *
   * @throws UnusableException if the settings make no client
   */
  public void checkSettings() {
    admin().close(Duration.ZERO);
  }

  /**
   * Asks the brokers, for some seconds at most.
   *
   * @return how many there are
   * @throws UnusableException if Kafka does not answer, or not to us
   */
  public int check() {
    Admin admin = admin();
    try {
      return admin.describeCluster().nodes().get().size();
    } catch (ExecutionException | RuntimeException e) {
      throw unusable(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw unusable(e);
    } finally {
      admin.close(Duration.ZERO);
    }
  }

  private Admin admin() {
    try {
      return kafka.admin();
    } catch (RuntimeException e) {
      throw new UnusableException(
          "Cannot create a Kafka client for %s (%s)".formatted(servers, Reasons.of(e)),
          Plugins.missingClass(e)
              .map(name -> "If %s is named rightly, %s".formatted(name, Plugins.action()))
              .orElse(
                  "Fix LAPSE_KAFKA_BOOTSTRAP_SERVERS, or the property of lapse.kafka.properties that"
                      + " the message names. Files must exist and be readable, and"
                      + " sasl.jaas.config must end with a semicolon."),
          e);
    }
  }

  private UnusableException unusable(Exception failure) {
    Throwable cause = failure instanceof ExecutionException ? failure.getCause() : failure;
    if (cause instanceof SslAuthenticationException) {
      return new UnusableException(
          "TLS handshake with Kafka at %s failed (%s)".formatted(servers, Reasons.of(failure)),
          "Set lapse.kafka.properties.ssl.truststore.location to the brokers' certificate authority"
              + " (PEM: ssl.truststore.type=PEM). If brokers require a client certificate, set"
              + " ssl.keystore.location. Use the host names of the brokers' certificates.",
          failure);
    }
    if (cause instanceof AuthenticationException) {
      return new UnusableException(
          "Kafka at %s rejected the login (%s)".formatted(servers, Reasons.of(failure)),
          "Fix sasl.mechanism and sasl.jaas.config in lapse.kafka.properties. After a change of the"
              + " password, write it to the file of sasl.jaas.config: Lapse reads that file again.",
          failure);
    }
    return new UnusableException(
        "Kafka does not answer at %s (%s)".formatted(servers, Reasons.of(failure)),
        "Start Kafka, or set LAPSE_KAFKA_BOOTSTRAP_SERVERS to the brokers' host:port. If they require"
            + " TLS or a login, set lapse.kafka.properties.security.protocol.",
        failure);
  }

  /** Kafka did not answer, or not to us. */
  public static final class UnusableException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final String action;

    UnusableException(String problem, String action, Exception cause) {
      super(problem, cause);
      this.action = action;
    }

    public String action() {
      return action;
    }
  }
}
