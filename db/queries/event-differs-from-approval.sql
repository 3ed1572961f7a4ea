-- An ApprovalExpired record speaks of another status or version than its approval has: consumers
-- believe what is not so.
--
-- Status not expired: the approval was taken out of a final state, which the guard refuses
-- (ai_approvals_final); see that it is enabled. Version lower than the event's: the row was restored
-- from a copy, or written back whole by a program that had read it before. Version higher: somebody
-- changed the row after it had expired, and his change is in no event.
--
-- Costs one walk over outbox and one over ai_approvals, joined by a hash.
WITH approval AS NOT MATERIALIZED (
  SELECT id, status, status = 'pending' AS pending, status = 'expired' AS expired, version,
         expires_at, executed_at, expires_at AS deadline, now() AS clock
  FROM ai_approvals
)
SELECT approval.id AS approval_id,
       record.id AS outbox_id,
       approval.status,
       approval.version,
       record.payload ->> 'version' AS event_version
FROM outbox record
JOIN approval ON approval.id::text = record.key
WHERE record.type = 'ApprovalExpired'
  AND (approval.expired IS NOT TRUE
       -- An event of a table without versions, or of before it had any, tells of none.
       OR approval.version::text IS DISTINCT FROM record.payload ->> 'version'
          AND record.payload ->> 'version' IS NOT NULL)
LIMIT 101;
