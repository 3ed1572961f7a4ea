/**
 * Keeps the outbox from growing for ever: what is published and old goes, a small batch at a time,
 * in one instance at a time. No one waits for it.
 */
@NullMarked
package dev.lapse.retention;

import org.jspecify.annotations.NullMarked;
