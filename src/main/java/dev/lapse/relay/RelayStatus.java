package dev.lapse.relay;

/**
 * Where an instance's relay stands.
 *
 * @param leading whether this instance publishes
 * @param publishedId the highest outbox id it has published, 0 while standing by
 * @param deadLetters keys that wait behind an event that Kafka refuses, 0 while standing by
 */
public record RelayStatus(boolean leading, long publishedId, int deadLetters) {

  static final RelayStatus STANDING_BY = new RelayStatus(false, 0, 0);
}
