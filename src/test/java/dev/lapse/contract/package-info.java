/** That {@code docs/reference/contract} is sound, and breaks no promise of its last release. */
@NullMarked
package dev.lapse.contract;

import org.jspecify.annotations.NullMarked;
