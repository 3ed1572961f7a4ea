-- An outbox row announces the deadline of an approval that had ended: consumers remind people of an
-- approval that is decided or expired.
--
-- Lapse locks the approval before it writes such a row, so another writer inserts ApprovalExpiring or
-- ApprovalEscalated rows. Find it, such as an old reminder job, and stop it. Inform the consumers which
-- event id to ignore.
--
-- Costs one scan of outbox, joined with itself by a hash. Without lapse.events.decided, it checks the
-- approvals that expired.
SELECT ending.key AS approval_id,
       ending.type AS ended_by,
       ending.id AS ended_outbox_id,
       step.id AS outbox_id
FROM outbox ending
JOIN outbox step ON step.key = ending.key AND step.id > ending.id
WHERE ending.type IN ('ApprovalDecided', 'ApprovalExpired')
  AND step.type IN ('ApprovalExpiring', 'ApprovalEscalated')
LIMIT 101;
