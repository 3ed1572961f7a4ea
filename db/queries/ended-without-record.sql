-- An approval was requested and has ended, but no outbox row reports its end: consumers that follow
-- it wait without end.
--
-- The triggers lapse_decided and lapse_expired write these rows. So one of them was dropped, disabled or
-- bypassed with session_replication_role, or the row was deleted. Run lapse doctor. Then publish the
-- event yourself: INSERT INTO outbox (type, key, payload) VALUES ('ApprovalDecided', ...).
--
-- Costs one scan of outbox and one of ai_approvals, joined by a hash. It checks the approvals whose
-- ApprovalRequested row is still there, and is newer than the oldest ApprovalDecided row: when
-- lapse.events.decided is not on, it checks none.
WITH approval AS NOT MATERIALIZED (
  SELECT id, status, status = 'pending' AS pending, status = 'pending' AS undecided,
         status = 'expired' AS expired, version,
         expires_at, executed_at, expires_at AS deadline, now() AS clock
  FROM ai_approvals
),
oldest AS MATERIALIZED (
  SELECT id FROM outbox WHERE type = 'ApprovalDecided' ORDER BY id LIMIT 1
)
SELECT approval.id AS approval_id, approval.status, requested.id AS requested_outbox_id
FROM oldest
JOIN outbox requested ON requested.id > oldest.id AND requested.type = 'ApprovalRequested'
JOIN approval ON approval.id::text = requested.key
WHERE approval.undecided IS NOT TRUE
  AND NOT EXISTS (
    SELECT FROM outbox ending
    WHERE ending.type IN ('ApprovalDecided', 'ApprovalExpired') AND ending.key = requested.key)
LIMIT 101;
