/** The HTTP endpoints: status, audit and replay, and who may call them. */
@NullMarked
package dev.lapse.operations.http;

import org.jspecify.annotations.NullMarked;
