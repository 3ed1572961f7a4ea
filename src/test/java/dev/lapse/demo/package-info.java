/**
 * The demonstration, {@code ./mvnw spring-boot:test-run}: the whole service on real servers, with
 * approvals that fall due while people decide some of them at the last moment, and a tally.
 *
 * <p>{@link dev.lapse.demo.Seeder} files approvals, {@link dev.lapse.demo.Approvers} race the
 * service for them, {@link dev.lapse.demo.Downstream} receives the events, {@link
 * dev.lapse.demo.Tally} compares what all of them saw.
 */
@NullMarked
package dev.lapse.demo;

import org.jspecify.annotations.NullMarked;
