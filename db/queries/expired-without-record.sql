-- An approval expired without an outbox row: consumers will never receive an event for it.
--
-- Lapse expires and records in one statement. So another writer expired it, such as an old cron job
-- that still runs, or the row was deleted. Stop that writer. Then publish the event yourself:
-- INSERT INTO outbox (type, key, payload) VALUES ('ApprovalExpired', ...).
--
-- Costs one scan of ai_approvals and one of outbox, joined by a hash: an index on outbox.key would
-- slow down every writer. If rows were purged, the query checks only approvals that expired after
-- the oldest row and after the latest purged one. If all rows were purged, it checks none.
WITH approval AS NOT MATERIALIZED (
  SELECT id, status, status = 'pending' AS pending, status = 'pending' AS undecided,
         status = 'expired' AS expired, version,
         expires_at, executed_at, expires_at AS deadline, now() AS clock
  FROM ai_approvals
),
oldest AS MATERIALIZED (
  SELECT occurred_at FROM outbox WHERE type = 'ApprovalExpired' ORDER BY id LIMIT 1
)
SELECT approval.id AS approval_id, approval.executed_at
FROM approval, oldest
WHERE approval.expired
  -- Where nothing says when, it was after the deadline.
  AND coalesce(approval.executed_at, approval.expires_at) >= oldest.occurred_at
      -- Of sweeps that overlap, the later may have the lower ids, and be purged first.
      + CASE WHEN oldest.occurred_at < now() - interval '1 day' THEN interval '1 minute'
             ELSE interval '0' END
  -- Where a record waits behind a dead letter, retention spares it and purges later ones. A second
  -- more, because a column of fewer digits than the record's rounds.
  AND coalesce(approval.executed_at, approval.expires_at)
      > coalesce((SELECT purged_occurred_at FROM retention), '-infinity') + interval '1 second'
  AND NOT EXISTS (
    SELECT FROM outbox
    WHERE outbox.type = 'ApprovalExpired' AND outbox.key = approval.id::text)
LIMIT 101;
