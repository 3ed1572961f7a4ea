/** Real servers and real data for the tests: one PostgreSQL and one Kafka a JVM. */
@NullMarked
package dev.lapse.support;

import org.jspecify.annotations.NullMarked;
