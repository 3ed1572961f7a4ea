package dev.lapse.relay;

import dev.lapse.pause.Pause;
import org.jspecify.annotations.Nullable;

/**
 * Where an instance's relay stands.
 *
 * @param leading whether this instance publishes
 * @param publishedId the highest outbox id it has published, 0 before it has taken over
 * @param deadLetters keys that wait behind an event that Kafka refuses, 0 before it has taken over
 * @param paused why it publishes nothing although it leads, if it does not
 */
public record RelayStatus(
    boolean leading, long publishedId, int deadLetters, @Nullable Pause paused) {

  static final RelayStatus STANDING_BY = new RelayStatus(false, 0, 0, null);
}
