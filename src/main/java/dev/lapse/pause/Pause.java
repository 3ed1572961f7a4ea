package dev.lapse.pause;

import java.time.OffsetDateTime;

/**
 * Why a part is at rest.
 *
 * @param reason what whoever paused it said
 * @param since when, by the database's clock
 * @param by the database role that did
 * @param storm whether it was for the storm guard
 */
public record Pause(String reason, OffsetDateTime since, String by, boolean storm) {}
