package dev.lapse.event;

/**
 * An event that Kafka would never take, whatever is tried; the message says why, and the action.
 */
public final class UnpublishableException extends Exception {

  private static final long serialVersionUID = 1L;

  private final String reason;

  public UnpublishableException(String reason) {
    super(reason);
    this.reason = reason;
  }

  public String reason() {
    return reason;
  }
}
