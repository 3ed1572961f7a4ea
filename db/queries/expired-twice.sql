-- One approval has two or more ApprovalExpired rows: consumers receive two events with different ids
-- for one expiry.
--
-- Expired is final, and the guard trigger ai_approvals_final protects it. So either one of your
-- writers inserts ApprovalExpired rows, which only Lapse should do, or an expired approval was set
-- back to pending while the guard trigger was off. Inform the consumers which event id to ignore.
--
-- Costs one scan of outbox and a hash of its keys, which spills to disk beyond work_mem.
SELECT key AS approval_id,
       count(*) AS records,
       min(id) AS first_outbox_id,
       max(id) AS last_outbox_id
FROM outbox
WHERE type = 'ApprovalExpired'
GROUP BY key
HAVING count(*) > 1
LIMIT 101;
