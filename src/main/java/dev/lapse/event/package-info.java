/** The contract with consumers: an outbox record as a CloudEvent in Kafka's binary mode. */
@NullMarked
package dev.lapse.event;

import org.jspecify.annotations.NullMarked;
