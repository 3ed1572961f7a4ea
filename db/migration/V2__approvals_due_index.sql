-- Serves "what is due" and "when is the next one due", and holds nothing but pending approvals.
-- CONCURRENTLY, so that adopting Lapse on a large table blocks no writer; for that, this file
-- holds one statement and Flyway runs it outside a transaction.
--
-- Where the table has such an index already, the name is that one's, and none is built.
CREATE INDEX CONCURRENTLY IF NOT EXISTS ${due_index}
    ON ${approvals} (${expires_at}, ${id}) WHERE ${is_pending_row};
