/**
 * Where things stand, for a person who wants to know at once: what is pending, how far publishing
 * is, who leads. Whatever it counts, it counts up to a bound.
 */
@NullMarked
package dev.lapse.status;

import org.jspecify.annotations.NullMarked;
