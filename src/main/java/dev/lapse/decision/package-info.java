/**
 * Decisions by the application: the function in the database that decides an approval and says
 * honestly who came too late, and the events of approvals that are requested and decided.
 */
@NullMarked
package dev.lapse.decision;

import org.jspecify.annotations.NullMarked;
