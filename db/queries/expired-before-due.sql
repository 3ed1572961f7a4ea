-- An approval expired before its deadline: somebody could still have approved it.
--
-- The guard refuses this from everybody (ai_approvals_not_due), so the guard was dropped, disabled,
-- or bypassed with session_replication_role, or a deadline was moved after the approval expired. Ask
-- who changed the row (xmin tells the transaction), enable the guard, and give the approver his
-- decision back by hand: no state leads out of expired.
--
-- Costs one walk over ai_approvals, some seconds for ten million rows: no index knows the expired,
-- and one for this question alone would be paid for by every writer.
WITH approval AS NOT MATERIALIZED (
  SELECT id, status, status = 'pending' AS pending, status = 'expired' AS expired, version,
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
