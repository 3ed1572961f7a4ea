/**
 * What is paused, by a person or by the storm guard: a table that every instance looks at. A part
 * that is paused stays ready to go on, and loses nothing.
 */
@NullMarked
package dev.lapse.pause;

import org.jspecify.annotations.NullMarked;
