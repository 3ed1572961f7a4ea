/**
 * How due approvals lapse: {@link dev.lapse.expiration.DueApprovals} holds the one statement,
 * {@link dev.lapse.expiration.Sweep} repeats it until nothing is due and finds what the database
 * refuses, {@link dev.lapse.expiration.ExpirationStep} says when the next sweep is worth it.
 */
@NullMarked
package dev.lapse.expiration;

import org.jspecify.annotations.NullMarked;
