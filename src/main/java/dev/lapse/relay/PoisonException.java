package dev.lapse.relay;

/**
 * An event that Kafka would never take, whatever is tried; the message says why, and the remedy.
 */
final class PoisonException extends Exception {

  private static final long serialVersionUID = 1L;

  private final String reason;

  PoisonException(String reason) {
    super(reason);
    this.reason = reason;
  }

  String reason() {
    return reason;
  }
}
