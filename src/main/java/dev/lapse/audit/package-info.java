/**
 * What must hold, asked of the database and of Kafka: the queries in {@code db/queries}, which must
 * return nothing, and a comparison of what consumers can read with the outbox. It changes nothing.
 */
@NullMarked
package dev.lapse.audit;

import org.jspecify.annotations.NullMarked;
