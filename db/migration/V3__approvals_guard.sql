-- The guard: whoever updates an approval, however old his SELECT is, cannot take a decision back
-- and cannot expire what is not yet due.
--
--   pending ──> approved ──> executed | cancelled
--      ├──────> rejected | executed | cancelled
--      └──────> expired       (only once expires_at has passed)
--
-- The whole condition stands in the WHEN clauses, so that a permitted change calls no function.
-- AFTER, because a BEFORE trigger of the application could still change the row after ours saw it.
CREATE FUNCTION refuse_approval_transition() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'approval % is %: it cannot become %', OLD.id, OLD.status, NEW.status
        USING ERRCODE = 'check_violation',
              CONSTRAINT = TG_NAME,
              SCHEMA = TG_TABLE_SCHEMA,
              TABLE = TG_TABLE_NAME,
              COLUMN = 'status',
              HINT = 'Update with WHERE status = ''pending'' in the same statement and treat 0 rows as'
                     ' "already decided".';
END
$$;

CREATE FUNCTION refuse_early_expiry() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'approval % is not due: it cannot expire before %', OLD.id,
            coalesce(greatest(OLD.expires_at, NEW.expires_at)::text, 'it has an expires_at')
        USING ERRCODE = 'check_violation',
              CONSTRAINT = TG_NAME,
              SCHEMA = TG_TABLE_SCHEMA,
              TABLE = TG_TABLE_NAME,
              COLUMN = 'status',
              HINT = 'Leave expiring to Lapse, or add AND expires_at < now() to the WHERE clause.';
END
$$;

CREATE TRIGGER ai_approvals_final
    AFTER UPDATE ON ai_approvals
    FOR EACH ROW
    WHEN (OLD.status IS DISTINCT FROM NEW.status
          AND (OLD.status IN ('rejected', 'expired', 'executed', 'cancelled')
               OR OLD.status = 'approved' AND NEW.status NOT IN ('executed', 'cancelled')))
    EXECUTE FUNCTION refuse_approval_transition();

-- Both deadlines must have passed: the one that somebody may have just extended, and the one that
-- this very statement sets. A deadline of NULL never passes.
CREATE TRIGGER ai_approvals_not_due
    AFTER UPDATE ON ai_approvals
    FOR EACH ROW
    WHEN (NEW.status = 'expired' AND OLD.status = 'pending'
          AND (OLD.expires_at < clock_timestamp() AND NEW.expires_at < clock_timestamp())
              IS NOT TRUE)
    EXECUTE FUNCTION refuse_early_expiry();
