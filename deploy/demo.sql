-- For the demo: every 5 seconds ten approvals that fall due within the next 20, of which an approver
-- decides some in time.
INSERT INTO ai_approvals (requested_by, action, expires_at)
SELECT 'agent-' || n, 'deploy', now() + n * interval '2 seconds'
FROM generate_series(1, 10) n
\;
UPDATE ai_approvals
SET status = 'approved', version = version + 1, decided_by = 'demo'
WHERE id IN (SELECT id FROM ai_approvals
             WHERE status = 'pending' AND expires_at > clock_timestamp() + interval '1 second'
             ORDER BY id LIMIT 3)
  AND status = 'pending' AND expires_at > clock_timestamp()
\watch 5
