/**
 * Publishes the outbox to Kafka, exactly once for {@code read_committed} consumers.
 *
 * <p>What an instance is, and what moves it:
 *
 * <pre>
 *            assigned the position topic's partition
 *   standby ──────────────────────────────────────────> taking over
 *      ^                                                    │  initTransactions() fences the
 *      │ partition taken away, or fenced                    │  predecessor; the position is read
 *      │                                                    v
 *      └──────────────────────────────────────────────── leading: cycle after cycle
 *                                                           │ any error: drop the producer, back
 *                                                           v off, take over again
 * </pre>
 *
 * <p>{@link dev.lapse.relay.RelayStep} turns these states; {@link dev.lapse.relay.Leadership} asks
 * Kafka's group who leads; a {@link dev.lapse.relay.Term} lasts from one take-over to the next
 * error; {@link dev.lapse.relay.Continuity} decides where a term goes on; {@link
 * dev.lapse.relay.EventPublisher} commits a page and its position together; {@link
 * dev.lapse.relay.PositionTopic} keeps that position.
 *
 * <p>Who leads is a matter of liveness only: safety rests on Kafka's fencing of producers that
 * share a transactional id, so even two instances that both believe they lead publish nothing
 * twice.
 */
@NullMarked
package dev.lapse.relay;

import org.jspecify.annotations.NullMarked;
