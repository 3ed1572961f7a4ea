-- One approval has two ApprovalExpired records or more: consumers hear twice that it expired, with
-- two event ids that they cannot tell to be the same.
--
-- Expired is final, and the guard keeps it so (ai_approvals_final). Either a writer of your own adds
-- ApprovalExpired records, which he should leave to Lapse, or somebody set an expired approval back
-- to pending with the guard out of the way. Tell the consumers which of the two event ids to forget.
--
-- Costs one walk over outbox and a hash of its keys; it spills to disk beyond work_mem.
SELECT key AS approval_id,
       count(*) AS records,
       min(id) AS first_outbox_id,
       max(id) AS last_outbox_id
FROM outbox
WHERE type = 'ApprovalExpired'
GROUP BY key
HAVING count(*) > 1
LIMIT 101;
