/**
 * The append-only log between whoever changes something and Kafka.
 *
 * <p>Writers insert a row in the transaction of the change that it reports. {@link
 * dev.lapse.outbox.OutboxReader} reads pages from a {@link dev.lapse.outbox.Position} on and says
 * which position publishing a page leads to; {@link dev.lapse.outbox.Checkpoints} keeps a copy of
 * the position beside the log, for people and for the day that Kafka's is lost. Nothing here knows
 * who expires approvals or who publishes.
 */
@NullMarked
package dev.lapse.outbox;

import org.jspecify.annotations.NullMarked;
