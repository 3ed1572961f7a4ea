/**
 * Publishes events again, on request: the same events, with the same ids, marked by a header.
 *
 * <p>{@link dev.lapse.replay.Replay} walks a {@link dev.lapse.replay.Selection} of what is
 * published in the order of the log, a page a Kafka transaction, beside the relay and without
 * disturbing it: its transactional id is its own, it moves no position, and it waits between pages
 * only.
 */
@NullMarked
package dev.lapse.replay;

import org.jspecify.annotations.NullMarked;
