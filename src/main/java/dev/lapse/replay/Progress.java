package dev.lapse.replay;

import java.util.UUID;

/**
 * How far a replay is; everything it tells is committed in Kafka.
 *
 * @param replay its id
 * @param events published
 * @param bytes of their keys, payloads and headers
 * @param lastId the last one's outbox id, to go on behind; 0 before the first
 */
public record Progress(UUID replay, long events, long bytes, long lastId) {

  Progress plus(long moreEvents, long moreBytes, long newLastId) {
    return new Progress(replay, events + moreEvents, bytes + moreBytes, newLastId);
  }
}
