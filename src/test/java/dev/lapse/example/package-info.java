/**
 * Another team's service, for your team to begin with: {@link dev.lapse.example.Reminders} does
 * something of its own for each approval that expired, once.
 */
@NullMarked
package dev.lapse.example;

import org.jspecify.annotations.NullMarked;
