/**
 * Kafka's clients for whoever is not the relay: to look at what is there, and to publish again. The
 * relay makes its own, on which its promises rest.
 */
@NullMarked
package dev.lapse.kafka;

import org.jspecify.annotations.NullMarked;
