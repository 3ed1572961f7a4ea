-- An approval is still pending long after its deadline: nobody can approve it any more, and no event
-- reports it.
--
-- Check that an instance runs with lapse.expiration.enabled, and check its health. If it is healthy,
-- a transaction holds the row: find the oldest one in pg_stat_activity and end it if it is stuck. The
-- approval then expires automatically. A text id that is empty or longer than 1,024 characters cannot
-- be the key of an event, so such an approval never expires: decide it by hand.
--
-- The limit is one minute. To change it: SET lapse.overdue = '10 minutes'.
--
-- Costs as many rows as it finds, because it uses the index on pending approvals.
WITH approval AS NOT MATERIALIZED (
  SELECT id, status, status = 'pending' AS pending, status = 'pending' AS undecided,
         status = 'expired' AS expired, version,
         expires_at, executed_at, expires_at AS deadline, now() AS clock
  FROM ai_approvals
)
SELECT id AS approval_id, expires_at
FROM approval
WHERE pending
  AND deadline
      < clock - coalesce(nullif(current_setting('lapse.overdue', true), ''), '1 minute')::interval
ORDER BY deadline, id
LIMIT 101;
