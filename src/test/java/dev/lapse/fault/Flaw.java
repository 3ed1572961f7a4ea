package dev.lapse.fault;

/** What can be wrong with a history. */
public enum Flaw {
  /** Committed, and not received; or acknowledged, and not in the database. */
  LOST,
  /** Received once more; or a step that was told once more. */
  DUPLICATE,
  /** Received and not committed, or not as it was committed. */
  PHANTOM,
  /** Received after a later event of its key, or on another partition. */
  MISORDERED,
  /** A decision or a deadline that was acknowledged and did not stand. */
  WRONGLY_EXPIRED,
  /** Approval, operations and outbox do not add up. */
  WRONG_VERSION,
  /** Told of a step that had not come, or of an approval that was decided, overdue or moved. */
  WRONGLY_REMINDED,
  /** Nobody was told of a step. */
  FORGOTTEN,
  /** Still pending though its deadline has passed. */
  OVERDUE
}
