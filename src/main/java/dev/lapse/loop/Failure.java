package dev.lapse.loop;

import java.time.Instant;

/**
 * A loop's latest failed cycle.
 *
 * @param at when, by this host's clock
 * @param reason what it said, in one line
 * @param count failed cycles so far, this one included
 */
public record Failure(Instant at, String reason, long count) {}
