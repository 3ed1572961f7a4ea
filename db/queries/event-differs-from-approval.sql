-- The status or version in an ApprovalExpired event differs from the approval: consumers have wrong
-- data.
--
-- Status not expired: the approval left a final status. The guard trigger ai_approvals_final rejects
-- this; check that it is enabled. Version lower than in the event: the row was restored from a copy,
-- or a program wrote back an old copy of the whole row. Version higher: another writer changed the
-- row after it expired, and no event reports this change.
--
-- Costs one scan of outbox and one of ai_approvals, joined by a hash.
WITH approval AS NOT MATERIALIZED (
  SELECT id, status, status = 'pending' AS pending, status = 'pending' AS undecided,
         status = 'expired' AS expired, version,
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
