/**
 * Lapse: approvals in PostgreSQL lapse on time, and Kafka hears of each exactly once.
 *
 * <p>{@link dev.lapse.expiration} writes to {@link dev.lapse.outbox}, {@link dev.lapse.relay} reads
 * from it; neither knows the other.
 */
@NullMarked
package dev.lapse;

import org.jspecify.annotations.NullMarked;
