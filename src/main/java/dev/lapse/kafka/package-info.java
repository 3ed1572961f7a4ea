/**
 * How to reach Kafka: the settings, the clients that look and publish again, and whether Kafka
 * answers at start. The relay makes its own clients, on which its guarantees rest.
 */
@NullMarked
package dev.lapse.kafka;

import org.jspecify.annotations.NullMarked;
