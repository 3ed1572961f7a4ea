/**
 * Puts everything together, and shows it to people: {@code cli} the command line, {@code http} the
 * endpoints, {@code health}, {@code metrics}, {@code tracing}, and {@code startup}. The classes
 * directly in here only wire.
 */
@NullMarked
package dev.lapse.operations;

import org.jspecify.annotations.NullMarked;
