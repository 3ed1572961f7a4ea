-- One approval has two or more outbox rows that report its end, and not all are ApprovalExpired:
-- consumers receive two ends of one approval.
--
-- The guard triggers keep decisions. So one of your writers inserts such rows, which only Lapse's
-- triggers should do. Or an approval went from pending to a status that no setting names, and back:
-- name it in lapse.approvals.statuses.pending. Inform the consumers which event id to ignore.
--
-- Costs one scan of outbox and a hash of its keys, which spills to disk beyond work_mem.
SELECT key AS approval_id,
       count(*) AS records,
       min(id) AS first_outbox_id,
       max(id) AS last_outbox_id
FROM outbox
WHERE type IN ('ApprovalDecided', 'ApprovalExpired')
GROUP BY key
HAVING count(*) > 1 AND bool_or(type = 'ApprovalDecided')
LIMIT 101;
