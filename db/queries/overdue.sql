-- An approval is pending though its deadline passed a while ago: nobody may approve it any more, and
-- nobody was told.
--
-- See that an instance runs with lapse.expiration.enabled, and what its health says. If it runs, a
-- transaction holds the row: look for the oldest in pg_stat_activity and end it if it hangs. The
-- approval then expires by itself. One whose id is a text that is empty or longer than 1,024 characters
-- never does, since no event can have it as its key: decide it by hand.
--
-- A while is a minute, or what you say: SET lapse.overdue = '10 minutes'.
--
-- Costs what it finds: the index over pending approvals answers it, whatever the size of the table.
WITH approval AS NOT MATERIALIZED (
  SELECT id, status, status = 'pending' AS pending, status = 'expired' AS expired, version,
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
