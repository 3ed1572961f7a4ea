-- An approval expired before its deadline: an approver could still have decided it.
--
-- The guard trigger ai_approvals_not_due rejects this. So it was dropped, disabled or bypassed with
-- session_replication_role, or the deadline was changed after the approval expired. Find the writer
-- of the row (its transaction id is in xmin), enable the guard trigger, and restore the decision by
-- hand: no status follows expired.
--
-- Costs one scan of ai_approvals, some seconds for ten million rows. An index for this query would
-- slow down every writer.
WITH approval AS NOT MATERIALIZED (
  SELECT id, status, status = 'pending' AS pending, status = 'pending' AS undecided,
         status = 'expired' AS expired, version,
         expires_at, executed_at, expires_at AS deadline, now() AS clock
  FROM ai_approvals
)
SELECT id AS approval_id, expires_at, executed_at
FROM approval
WHERE expired
  -- Expired before Lapse, by something that did not say when.
  AND executed_at IS NOT NULL
  AND executed_at < expires_at
LIMIT 101;
