/** What {@code /actuator/health} says of each loop, and when a restart would help. */
@NullMarked
package dev.lapse.operations.health;

import org.jspecify.annotations.NullMarked;
