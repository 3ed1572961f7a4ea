/**
 * How people run the service and see what it does: command line, checks at start and their
 * messages, health, metrics.
 */
@NullMarked
package dev.lapse.operations;

import org.jspecify.annotations.NullMarked;
