package dev.lapse.relay;

/**
 * The last position is not one that this version can read whole. To guess at what it does not know
 * could lose events, so it leaves the lead to whoever wrote it.
 */
final class UnreadablePositionException extends Exception {

  private static final long serialVersionUID = 1L;

  UnreadablePositionException(String topic, Exception cause) {
    super(
        ("This version of Lapse cannot read the last record of %s (%s). Another version has written"
                + " it: run that version, or a newer one. This instance publishes nothing")
            .formatted(topic, cause.getMessage()),
        cause);
  }
}
