package dev.lapse.fault;

/** What can be wrong with a history. */
public enum Flaw {
  /** Committed, and not received; or acknowledged, and not in the database. */
  LOST,
  /** Received once more. */
  DUPLICATE,
  /** Received and not committed, or not as it was committed. */
  PHANTOM,
  /** Received after a later event of its key, or on another partition. */
  MISORDERED,
  /** A decision or a deadline that was acknowledged and did not stand. */
  WRONGLY_EXPIRED,
  /** Approval, operations and outbox do not add up. */
  WRONG_VERSION,
  /** Still pending though its deadline has passed. */
  OVERDUE
}
