/** How the process starts: what a failed start tells, the connection pool, fields in JSON logs. */
@NullMarked
package dev.lapse.operations.startup;

import org.jspecify.annotations.NullMarked;
