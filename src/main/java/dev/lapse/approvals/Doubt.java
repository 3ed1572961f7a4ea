package dev.lapse.approvals;

import dev.lapse.problem.Problem;

/**
 * Something about the table that looks as if it were not meant so.
 *
 * @param weight how sure that is
 */
public record Doubt(Weight weight, Problem problem) {

  /** What it is worth to people. */
  public enum Weight {
    /** Nothing expires, or too early: the doctor fails, and each start warns. */
    WRONG,
    /** Perhaps some approvals do not expire: each start warns, and the doctor notes it. */
    SUSPECT,
    /** To be asked about once: the doctor notes it. */
    NOTE
  }
}
