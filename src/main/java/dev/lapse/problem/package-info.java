/**
 * What is wrong, why it matters and how to fix it: the form in which every refusal reaches a
 * person.
 */
@NullMarked
package dev.lapse.problem;

import org.jspecify.annotations.NullMarked;
