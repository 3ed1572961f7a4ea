-- An approval expired, and no outbox record says so: consumers will never hear of it.
--
-- Lapse expires and records in one statement, so somebody else expired it (an old cron that still
-- runs), or deleted the record. Stop that one; then tell the consumers by an ApprovalExpired record
-- of your own: INSERT INTO outbox (type, key, payload) VALUES ('ApprovalExpired', …).
--
-- Costs one walk over ai_approvals and one over outbox, joined by a hash: there is no index on
-- outbox.key for every writer to pay for. Where records are purged, only approvals that expired
-- since the oldest record, and since the latest purged, are looked at; where all were purged, none.
WITH approval AS NOT MATERIALIZED (
  SELECT id, status, status = 'pending' AS pending, status = 'expired' AS expired, version,
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
