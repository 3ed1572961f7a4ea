package dev.lapse.kafka;

import dev.lapse.problem.Reasons;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.SslAuthenticationException;

/** Refuses to start without Kafka: what is wrong from the start is for a person to mend. */
public final class KafkaAtStart {

  private final String servers;
  private final KafkaAccess kafka;

  public KafkaAtStart(KafkaSettings settings) {
    this.servers = settings.bootstrapServers();
    this.kafka = new KafkaAccess(servers, settings.properties());
  }

  /**
   * @throws UnusableException if Kafka does not answer, or not to us
   */
  public void check() {
    Admin admin = admin();
    try {
      admin.describeCluster().nodes().get();
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
          "Kafka's client cannot be made for %s (%s)".formatted(servers, Reasons.of(e)),
          "Mend LAPSE_KAFKA_BOOTSTRAP_SERVERS, or what the message names of"
              + " lapse.kafka.properties: files must exist and be readable, and a"
              + " sasl.jaas.config ends with a semicolon.",
          e);
    }
  }

  private UnusableException unusable(Exception failure) {
    Throwable cause = failure instanceof ExecutionException ? failure.getCause() : failure;
    if (cause instanceof SslAuthenticationException) {
      return new UnusableException(
          "Kafka at %s and Lapse do not trust each other (%s)"
              .formatted(servers, Reasons.of(failure)),
          "Let lapse.kafka.properties.ssl.truststore.location hold the brokers' certificate"
              + " authority (PEM: ssl.truststore.type=PEM), and if they ask for a certificate,"
              + " ssl.keystore.location the service's own; brokers are to be named as in theirs.",
          failure);
    }
    if (cause instanceof AuthenticationException) {
      return new UnusableException(
          "Kafka at %s refuses the login (%s)".formatted(servers, Reasons.of(failure)),
          "Mend sasl.mechanism and sasl.jaas.config of lapse.kafka.properties.",
          failure);
    }
    return new UnusableException(
        "Kafka does not answer at %s (%s)".formatted(servers, Reasons.of(failure)),
        "Start Kafka, or set LAPSE_KAFKA_BOOTSTRAP_SERVERS to the brokers' host:port; and if they ask"
            + " for TLS or a login, lapse.kafka.properties.security.protocol.",
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
