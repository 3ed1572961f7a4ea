/**
 * Which server is on the other end of the database URL, and whether it can do what the service asks
 * of it. Asked before anything is created or changed.
 */
@NullMarked
package dev.lapse.platform;

import org.jspecify.annotations.NullMarked;
