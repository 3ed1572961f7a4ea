/**
 * When things run: one {@link dev.lapse.loop.Loop} turns the expiration, another the relay. A loop
 * owns its thread, waits, survives failures and stops in good order; what a cycle does is its
 * {@link dev.lapse.loop.Step}'s business.
 */
@NullMarked
package dev.lapse.loop;

import org.jspecify.annotations.NullMarked;
