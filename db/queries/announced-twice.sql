-- Two or more outbox rows announce the same step of the same deadline: consumers remind people twice.
--
-- Lapse steps forward in the statement that writes the row. So another writer inserts such rows, or
-- next_step was restored from a copy. Inform the consumers which event id to ignore.
--
-- Costs one scan of outbox and a hash of the steps that it announces. A deadline that moves and comes
-- back may be announced again. The query sees this where each move raises the version.
SELECT key AS approval_id,
       step.name AS step,
       payload ->> 'expiresAt' AS deadline,
       count(*) AS records,
       min(id) AS first_outbox_id,
       max(id) AS last_outbox_id
FROM outbox
CROSS JOIN LATERAL (
  SELECT payload ->> 'step' AS name
  UNION ALL
  SELECT json_array_elements_text(
    CASE WHEN json_typeof(payload -> 'collapsed') = 'array' THEN payload -> 'collapsed' ELSE '[]' END)
) step
WHERE type IN ('ApprovalExpiring', 'ApprovalEscalated')
GROUP BY key, step.name, payload ->> 'expiresAt', payload ->> 'version'
HAVING count(*) > 1
LIMIT 101;
