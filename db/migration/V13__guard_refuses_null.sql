-- Closes a gap in the guard: NOT IN is neither true nor false of NULL, so an approved approval whose
-- status became NULL passed, and could be made pending from there. Now NULL is refused like all else
-- that may not follow. Of an approval whose status is NULL nothing is known, but that it cannot
-- become expired.
--
-- The condition stands in the trigger, so the trigger is replaced; one that was disabled is on again.
CREATE OR REPLACE TRIGGER ai_approvals_final
    AFTER UPDATE ON ${approvals}
    FOR EACH ROW
    WHEN (OLD.${status} IS DISTINCT FROM NEW.${status}
          AND (OLD.${status} IN (${final})
               OR OLD.${status} IN (${approved}) AND (NEW.${status} IN (${ended})) IS NOT TRUE
               OR NEW.${status} = ${expired} AND ${old_is_not_pending}))
    EXECUTE FUNCTION refuse_approval_transition(${transition_arguments});
