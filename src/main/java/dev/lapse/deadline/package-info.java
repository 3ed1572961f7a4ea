/**
 * Deadlines that live: {@link dev.lapse.deadline.Extension} moves them while they run, {@link
 * dev.lapse.deadline.Ladder} announces them before they pass. Both leave expiring to the
 * expiration; what anybody else does to a deadline, the triggers in {@code db/optional} note.
 */
@NullMarked
package dev.lapse.deadline;

import org.jspecify.annotations.NullMarked;
