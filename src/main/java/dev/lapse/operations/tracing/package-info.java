/**
 * Traces, by OpenTelemetry: off, and not even looked for, unless {@code
 * management.opentelemetry.tracing.export.otlp.endpoint} says where they are to go.
 */
@NullMarked
package dev.lapse.operations.tracing;

import org.jspecify.annotations.NullMarked;
