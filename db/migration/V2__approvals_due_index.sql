-- Serves "what is due" and "when is the next one due", and holds nothing but pending approvals.
-- CONCURRENTLY, so that adopting Lapse on a large table blocks no writer; for that, this file
-- holds one statement and Flyway runs it outside a transaction.
CREATE INDEX CONCURRENTLY IF NOT EXISTS ai_approvals_due
    ON ai_approvals (expires_at, id) WHERE status = 'pending';
