package dev.lapse.relay;

/**
 * Not a failure: this term has learned something of an event or a topic that only the next can
 * heed, which begins at once.
 */
final class NewTermException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  NewTermException(String message) {
    super(message);
  }

  NewTermException(String message, Exception cause) {
    super(message, cause);
  }
}
