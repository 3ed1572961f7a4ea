package dev.lapse.relay;

/** Kafka does not let the relay do what it must; the message names the ACL that would. */
final class NotAllowedException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  NotAllowedException(String message, Throwable cause) {
    super(message, cause);
  }
}
