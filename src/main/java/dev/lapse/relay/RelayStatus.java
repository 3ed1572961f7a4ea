package dev.lapse.relay;

import dev.lapse.pause.Pause;
import org.jspecify.annotations.Nullable;

/**
 * Where an instance's relay stands.
 *
 * @param leading whether this instance publishes
 * @param publishedId the highest outbox id it has published, 0 before it has taken over
 * @param deadLetters keys that wait behind an event that Kafka refuses, 0 before it has taken over
 * @param hiddenLetters why the table of dead letters does not show them as they are; null if it
 *     does
 * @param takingOver what it does before it publishes, and how far that is; null if nothing
 * @param feed the logical subscription that feeds the outbox, for which it rests; null if none does
 * @param paused why it publishes nothing although it leads, if it does not
 */
public record RelayStatus(
    boolean leading,
    long publishedId,
    int deadLetters,
    @Nullable String hiddenLetters,
    @Nullable String takingOver,
    @Nullable String feed,
    @Nullable Pause paused) {

  static final RelayStatus STANDING_BY = new RelayStatus(false, 0, 0, null, null, null, null);
}
