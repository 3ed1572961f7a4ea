-- The guard: whoever updates an approval, however old his SELECT is, cannot take a decision back
-- and cannot expire what is not yet due.
--
--   pending --> approved --> executed | cancelled
--      |------> rejected | executed | cancelled
--      +------> expired       (only once expires_at has passed)
--
-- Of a status that is none of these nothing is known, but that it cannot become expired. Names and
-- statuses are those of the settings (lapse.approvals.*).
--
-- The whole condition stands in the WHEN clauses, so that a permitted change calls no function.
-- AFTER, because a BEFORE trigger of the application could still change the row after ours saw it.

-- Called with the names of the columns id and status, with how to compare the status with what is
-- pending, and with columns of facts about the approval, for the error's DETAIL; the last argument
-- says the rules in words.
CREATE FUNCTION refuse_approval_transition() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    facts text;
BEGIN
    -- As text, since the table is not known here. Only who owns it can make such a trigger.
    EXECUTE 'SELECT to_json(facts)::text FROM (SELECT ($1).*) approval CROSS JOIN LATERAL (SELECT '
            || TG_ARGV[3] || ') facts'
        INTO facts USING OLD, to_jsonb(NEW) ->> TG_ARGV[1];
    RAISE EXCEPTION 'approval % is %: it cannot become %', to_jsonb(OLD) ->> TG_ARGV[0],
            to_jsonb(OLD) ->> TG_ARGV[1], to_jsonb(NEW) ->> TG_ARGV[1]
        USING ERRCODE = 'check_violation',
              CONSTRAINT = TG_NAME,
              SCHEMA = TG_TABLE_SCHEMA,
              TABLE = TG_TABLE_NAME,
              COLUMN = TG_ARGV[1],
              DETAIL = facts,
              HINT = format('Update with WHERE %I %s in the same statement and treat 0 rows as'
                     ' "already decided".', TG_ARGV[1], TG_ARGV[2]);
END
$$;

-- Called with the names of the columns id, status and expires_at.
CREATE FUNCTION refuse_early_expiry() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'approval % is not due: it cannot expire before %',
            to_jsonb(OLD) ->> TG_ARGV[0],
            coalesce(greatest(to_jsonb(OLD) ->> TG_ARGV[2], to_jsonb(NEW) ->> TG_ARGV[2]),
                     format('its %s is set', TG_ARGV[2]))
        USING ERRCODE = 'check_violation',
              CONSTRAINT = TG_NAME,
              SCHEMA = TG_TABLE_SCHEMA,
              TABLE = TG_TABLE_NAME,
              COLUMN = TG_ARGV[1],
              HINT = format('Leave expiring to Lapse, or add AND %I < now() to the WHERE clause.',
                            TG_ARGV[2]);
END
$$;

CREATE TRIGGER ai_approvals_final
    AFTER UPDATE ON ${approvals}
    FOR EACH ROW
    WHEN (OLD.${status} IS DISTINCT FROM NEW.${status}
          AND (OLD.${status} IN (${final})
               OR OLD.${status} IN (${approved}) AND NEW.${status} NOT IN (${ended})
               OR NEW.${status} = ${expired} AND ${old_is_not_pending}))
    EXECUTE FUNCTION refuse_approval_transition(${transition_arguments});

-- Both deadlines must have passed: the one that somebody may have just extended, and the one that
-- this very statement sets. A deadline of NULL never passes.
--
-- A constraint trigger, which nobody can get past: deferred, it refuses at the commit. So a trial of
-- what would happen at the deadline can defer it, and roll back.
CREATE CONSTRAINT TRIGGER ai_approvals_not_due
    AFTER UPDATE ON ${approvals}
    DEFERRABLE INITIALLY IMMEDIATE
    FOR EACH ROW
    WHEN (NEW.${status} = ${expired} AND ${old_is_pending}
          AND (OLD.${expires_at} < ${clock} AND NEW.${expires_at} < ${clock})
              IS NOT TRUE)
    EXECUTE FUNCTION refuse_early_expiry(${expiry_arguments});
