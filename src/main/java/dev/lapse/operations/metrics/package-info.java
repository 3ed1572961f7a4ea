/**
 * What Prometheus scrapes: counts that the loops tell of as they go, and gauges that are read from
 * what somebody has found out already. A scrape waits for no server and runs no query.
 *
 * <p>Names, tags and meanings stand in {@code docs/operate/monitoring.md}, which a test holds to
 * what is scraped.
 */
@NullMarked
package dev.lapse.operations.metrics;

import org.jspecify.annotations.NullMarked;
