/**
 * The application's own table: what it is called, which columns and statuses it has, whether it can
 * serve. Everybody else writes SQL in words of this package, such as {@code ${expires_at}}, and
 * {@link dev.lapse.approvals.ApprovalsTable} puts the application's names in their place.
 *
 * <p>{@link dev.lapse.approvals.ApprovalsSettings} says what is meant, {@code Catalog} reads what
 * is there, the checks compare the two and tell each difference as a {@link
 * dev.lapse.problem.Problem} with the SQL that mends it.
 */
@NullMarked
package dev.lapse.approvals;

import org.jspecify.annotations.NullMarked;
