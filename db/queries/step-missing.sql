-- A pending approval has no row in next_step, or one for another deadline: its reminders and
-- escalations are not published, or not on time.
--
-- The triggers of lapse.ladder write these rows. So one of them was dropped, disabled or bypassed with
-- session_replication_role. Run lapse doctor. Lapse adds missing rows at its start and once a day, and
-- corrects the others when they are due. If the ladder was set a short time ago, wait some minutes.
--
-- Costs one scan of the pending approvals, joined with next_step by a hash. If the triggers of
-- lapse.ladder are not installed, it checks none.
WITH approval AS NOT MATERIALIZED (
  SELECT id, status, status = 'pending' AS pending, status = 'pending' AS undecided,
         status = 'expired' AS expired, version,
         expires_at, executed_at, expires_at AS deadline, now() AS clock
  FROM ai_approvals
)
SELECT approval.id AS approval_id, approval.expires_at, armed.for_deadline
FROM approval
LEFT JOIN next_step armed ON armed.approval_id = approval.id::text
WHERE (SELECT EXISTS (SELECT FROM pg_trigger WHERE tgfoid = to_regproc('lapse_arm_step')))
  AND approval.pending
  AND approval.deadline > approval.clock
  AND approval.expires_at < 'infinity'
  AND armed.for_deadline IS DISTINCT FROM approval.expires_at
LIMIT 101;
