package dev.lapse.audit;

import org.jspecify.annotations.Nullable;

/**
 * How far back a topic reaches.
 *
 * @param topic its name
 * @param present whether it exists
 * @param compacted whether Kafka keeps only the last event of a key, so that none can be missed
 * @param since the time from which on every partition still has all events; null if nothing has
 *     been deleted
 */
public record TopicReach(
    String topic, boolean present, boolean compacted, @Nullable String since) {}
