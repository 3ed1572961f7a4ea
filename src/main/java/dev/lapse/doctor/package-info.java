/**
 * What a running setup needs of its servers, asked one by one, for a person who wants to know
 * before it matters. It changes nothing.
 */
@NullMarked
package dev.lapse.doctor;

import org.jspecify.annotations.NullMarked;
