/**
 * Lapse's own tables: the migrations and when they run, what is missing, and whose names are in the
 * way.
 */
@NullMarked
package dev.lapse.schema;

import org.jspecify.annotations.NullMarked;
