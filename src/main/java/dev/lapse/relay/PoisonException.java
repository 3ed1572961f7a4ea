package dev.lapse.relay;

/**
 * An event that Kafka would never take, whatever is tried; the message says why, and the remedy.
 */
final class PoisonException extends Exception {

  private static final long serialVersionUID = 1L;

  PoisonException(String reason) {
    super(reason);
  }
}
