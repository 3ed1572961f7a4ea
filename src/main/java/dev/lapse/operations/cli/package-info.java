/**
 * The command line: one class a command, and {@link dev.lapse.operations.cli.Commands} as the way
 * in. A command starts the application without loops and web server, does one thing, prints, and
 * ends.
 */
@NullMarked
package dev.lapse.operations.cli;

import org.jspecify.annotations.NullMarked;
