-- lapse.ladder: each pending approval with a deadline has the step that it comes to next in
-- next_step, armed, moved and removed in the transaction of whoever writes the approval.
--
-- AFTER, as the guard is: a BEFORE trigger of the application may still change the row. SECURITY
-- DEFINER, since a writer of approvals need not be allowed to write here; nothing that others may
-- create is on its search path. The settings' condition is not asked here but when a step fires.
-- Shares are of seconds: days would have 23 or 25 hours in some sessions' zones.
CREATE OR REPLACE FUNCTION ${lapse}.lapse_arm_step() RETURNS trigger
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS ${body}
DECLARE
    pending record;
    lapse_latest ${qualified_approvals}%ROWTYPE;
BEGIN
    -- The row as it is now: a trigger of the application that came first may have changed it again.
    SELECT * INTO lapse_latest FROM ${qualified_approvals} approval WHERE approval.${id} = NEW.${id};
    IF NOT FOUND THEN
        lapse_latest := NEW; -- hidden from the owner, or gone
    END IF;
    SELECT approval.${id}::text AS id, ${due_at} AS due_at, ${created} AS created,
           approval.${status} ${one_of_pending} AS is_pending
    INTO pending
    FROM (SELECT lapse_latest.*) approval;
    IF pending.is_pending IS NOT TRUE OR pending.due_at IS NULL THEN
        RETURN NULL;
    END IF;
    -- Long ago no step can be reckoned, and none is needed.
    IF pending.due_at < '0001-01-01Z' OR NOT isfinite(pending.due_at) THEN
        DELETE FROM ${lapse}.next_step WHERE approval_id = pending.id;
        RETURN NULL;
    END IF;
    INSERT INTO ${lapse}.next_step (approval_id, ladder, step, fire_at, for_deadline)
    SELECT pending.id, ${ladder_id}, coming.step, coalesce(coming.fire_at, 'infinity'), pending.due_at
    FROM (SELECT) one
    LEFT JOIN ${lapse}.next_step armed
      ON armed.approval_id = pending.id AND armed.ladder = ${ladder_id}
    LEFT JOIN LATERAL (
      SELECT ladder.step, fires.at AS fire_at
      FROM (VALUES ${ladder}) ladder (step, share, before),
           LATERAL (SELECT coalesce(pending.due_at - before,
                             pending.created + make_interval(
                               secs => share * extract(epoch FROM pending.due_at - pending.created)::float8))) fires (at),
           LATERAL (SELECT coalesce(armed.for_deadline - before,
                             pending.created + make_interval(
                               secs => share * extract(epoch FROM armed.for_deadline - pending.created)::float8))) fired (at)
      -- One that has fired does not fire again, unless the deadline has moved away from it. Steps
      -- that a move has passed over are armed from the first one on: firing makes one of them.
      WHERE isfinite(fires.at)
        AND (fires.at > now() OR (fired.at < armed.fire_at) IS NOT TRUE)
      ORDER BY fires.at
      LIMIT 1
    ) coming ON true
    ON CONFLICT (approval_id) DO UPDATE
    SET ladder = excluded.ladder, step = excluded.step, fire_at = excluded.fire_at,
        for_deadline = excluded.for_deadline;
    RETURN NULL;
END
${body};
REVOKE ALL ON FUNCTION ${lapse}.lapse_arm_step() FROM PUBLIC;

CREATE OR REPLACE FUNCTION ${lapse}.lapse_disarm_step() RETURNS trigger
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS ${body}
BEGIN
    DELETE FROM ${lapse}.next_step WHERE approval_id = OLD.${id}::text;
    RETURN NULL;
END
${body};
REVOKE ALL ON FUNCTION ${lapse}.lapse_disarm_step() FROM PUBLIC;

CREATE OR REPLACE TRIGGER lapse_step_1_removed
    AFTER DELETE ON ${approvals}
    FOR EACH ROW
    WHEN (${old_is_pending})
    EXECUTE FUNCTION ${lapse}.lapse_disarm_step('${digest}');

-- Before the one that arms, by its name: an approval may get another id.
CREATE OR REPLACE TRIGGER lapse_step_2_decided
    AFTER UPDATE ON ${approvals}
    FOR EACH ROW
    WHEN (${old_is_pending}
          AND ((${new_is_pending}) IS NOT TRUE
               OR NEW.${expires_at} IS NULL
               OR OLD.${id} IS DISTINCT FROM NEW.${id}))
    EXECUTE FUNCTION ${lapse}.lapse_disarm_step('${digest}');

CREATE OR REPLACE TRIGGER lapse_step_3_moved
    AFTER UPDATE ON ${approvals}
    FOR EACH ROW
    WHEN (${new_is_pending} AND NEW.${expires_at} IS NOT NULL
          AND (OLD.${expires_at} IS DISTINCT FROM NEW.${expires_at}
               OR (${old_is_pending}) IS NOT TRUE
               OR OLD.${id} IS DISTINCT FROM NEW.${id}))
    EXECUTE FUNCTION ${lapse}.lapse_arm_step('${digest}');

CREATE OR REPLACE TRIGGER lapse_step_4_requested
    AFTER INSERT ON ${approvals}
    FOR EACH ROW
    WHEN (${new_is_pending} AND NEW.${expires_at} IS NOT NULL)
    EXECUTE FUNCTION ${lapse}.lapse_arm_step('${digest}');
