package dev.lapse.replay;

/**
 * What a replay would publish.
 *
 * @param events how many
 * @param bytes of their keys, payloads and headers
 * @param firstId the first's outbox id; 0 if there is none
 * @param lastId the last's
 */
public record Plan(long events, long bytes, long firstId, long lastId) {

  static final Plan NOTHING = new Plan(0, 0, 0, 0);

  Plan plus(Plan next) {
    return next.events == 0
        ? this
        : new Plan(
            events + next.events,
            bytes + next.bytes,
            events == 0 ? next.firstId : firstId,
            next.lastId);
  }
}
