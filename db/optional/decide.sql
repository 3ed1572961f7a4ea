-- lapse.decisions.enabled: decide_approval, and a record of each expiry that no sweep made.
--
-- The trigger writes what the statement of a sweep writes. It fires for an expiry by anybody else:
-- decide_approval, or a job of the application. SECURITY DEFINER, since a writer of approvals need not
-- be allowed to write here; nothing that others may create is on its search path.
CREATE OR REPLACE FUNCTION ${lapse}.lapse_record_expiry() RETURNS trigger
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    -- As in the session of a sweep, so that attributes read the same.
    ${?attributes} SET TimeZone = 'UTC'
    ${?attributes} ${attribute_settings}
AS ${body}
#variable_conflict use_column
BEGIN
    INSERT INTO ${lapse}.outbox (type, key, payload, occurred_at)
    SELECT 'ApprovalExpired', id::text, to_json(event), expired_at
    FROM (
      SELECT approval.${id} AS id, ${due_at} AS expires_at, clock_timestamp() AS expired_at
             ${?several_pending} , OLD.${status}::text AS previous_status
             ${?version} , approval.${version} AS version
             ${?attributes} , ${attributes} AS attributes
      FROM (SELECT NEW.*) approval
    ) expired
    CROSS JOIN LATERAL (
      ${expired_event}
    ) event
    -- What can be no key in Kafka cannot be published, and fails no writer.
    WHERE length(id::text) BETWEEN 1 AND 1024;
    IF FOUND THEN
        -- For decide_approval to see: in this transaction only.
        PERFORM set_config('lapse.expired', NEW.${id}::text, true);
    END IF;
    RETURN NULL;
END
${body};
REVOKE ALL ON FUNCTION ${lapse}.lapse_record_expiry() FROM PUBLIC;

CREATE OR REPLACE TRIGGER lapse_expired
    AFTER UPDATE ON ${approvals}
    FOR EACH ROW
    WHEN (${old_is_pending} AND NEW.${status} = ${expired}
          -- A sweep writes the events of its own rows, not of those that a trigger expires along with one.
          AND (pg_catalog.current_setting('lapse.recorded', true) IS DISTINCT FROM 'true'
               OR pg_catalog.pg_trigger_depth() > 0))
    EXECUTE FUNCTION ${lapse}.lapse_record_expiry('${digest}');

-- A function of that name and those parameters may be the application's own.
DO ${body} BEGIN
    IF EXISTS (
        SELECT FROM pg_proc
        WHERE proname = 'decide_approval'
          AND pronamespace = (SELECT relnamespace FROM pg_class WHERE oid = to_regclass('outbox'))
          AND obj_description(oid, 'pg_proc') IS DISTINCT FROM 'Lapse') THEN
        RAISE EXCEPTION 'there is a function decide_approval, and it is not Lapse''s'
            USING HINT = 'Give Lapse a schema of its own, or rename that function.';
    END IF;
END ${body};

-- Decides an approval, or says why not. One row, and one of four outcomes:
--
--   decided  it was pending, before its deadline, and is decided now
--   already  it was decided before: by decided_by, as current_status
--   lapsed   its deadline has passed. Was it still pending, this call has expired it, with its event
--   unknown  there is no such approval, or the caller may not see it
--
-- The database's clock decides, read when the row is locked. It runs with the rights, row security and
-- search path of the caller, as his own UPDATE would, and so do triggers of the table's own.
CREATE OR REPLACE FUNCTION ${lapse}.decide_approval(
    id text, status text, actor text,
    OUT outcome text, OUT current_status text, OUT decided_by text,
    -- Since when it is that; NULL where no column of the table tells.
    OUT since timestamptz,
    OUT expires_at timestamptz,
    -- How long after the deadline this call came; NULL where it came before.
    OUT late interval)
    LANGUAGE plpgsql
AS ${body}
#variable_conflict use_column
DECLARE
    lapse_id     ${table}.${id}%TYPE := decide_approval.id;
    lapse_status ${table}.${status}%TYPE;
    ${?decided_by} lapse_actor ${table}.${decided_by}%TYPE := decide_approval.actor;
    lapse_now    timestamptz;
    lapse_done   boolean;
    lapse_known  boolean;
BEGIN
    IF (decide_approval.status IN (${decisions})) IS NOT TRUE THEN
        RAISE EXCEPTION 'status % is not a decision',
                coalesce(quote_literal(decide_approval.status), 'NULL')
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Pass one of: ' || concat_ws(', ', ${decisions});
    END IF;
    lapse_status := decide_approval.status;

    -- Waits for whoever holds it: what he commits counts. The time is read after that.
    PERFORM FROM ${table} approval WHERE approval.${id} = lapse_id FOR NO KEY UPDATE;
    lapse_now := clock_timestamp();

    UPDATE ${table} approval
    SET ${status} = lapse_status
        ${?version} , ${version} = coalesce(approval.${version}, 0) + 1
        ${?decided_by} , ${decided_by} = lapse_actor
        ${?decided_at} , ${decided_at} = ${decided_later}
    WHERE approval.${id} = lapse_id AND ${is_pending}
      AND (approval.${expires_at} < ${later}) IS NOT TRUE
    RETURNING approval.${status} = lapse_status INTO lapse_done;

    IF lapse_done IS NULL THEN
        UPDATE ${table} approval
        SET ${expiring_later}
        WHERE approval.${id} = lapse_id AND ${is_pending}
          AND approval.${expires_at} < ${later}
          ${?text_id} AND length(approval.${id}) BETWEEN 1 AND 1024
          AND NOT EXISTS (
            SELECT FROM ${lapse}.pause WHERE part = 'expiration' AND resumed_at IS NULL)
        RETURNING approval.${status} = ${expired} INTO lapse_done;
        IF lapse_done
           AND current_setting('lapse.expired', true) IS DISTINCT FROM lapse_id::text THEN
            RAISE EXCEPTION 'approval % is past its deadline, and its event was not written',
                    decide_approval.id
                USING ERRCODE = 'object_not_in_prerequisite_state',
                      HINT = 'Is the trigger lapse_expired there, and enabled? lapse doctor tells.';
        END IF;
        outcome := 'lapsed';
    ELSE
        outcome := 'decided';
    END IF;
    IF NOT lapse_done THEN
        RAISE EXCEPTION 'a trigger of the table keeps approval % from being %', decide_approval.id,
                outcome
            USING ERRCODE = 'triggered_action_exception';
    END IF;

    SELECT approval.${status}::text, ${decided_by_or_null}, ${since}, ${due_at},
           -- A century at most: before PostgreSQL 17 nothing is subtracted from -infinity.
           CASE WHEN approval.${expires_at} < ${later}
             THEN lapse_now - greatest(${due_at}, lapse_now - interval '100 years') END,
           CASE WHEN lapse_done THEN decide_approval.outcome
                WHEN approval.${status} = ${expired} THEN 'lapsed'
                WHEN (approval.${status} ${one_of_pending}) IS NOT TRUE THEN 'already'
                WHEN (${is_pending}) IS NOT TRUE THEN 'unknown' END
    INTO current_status, decided_by, since, expires_at, late, outcome
    FROM ${table} approval WHERE approval.${id} = lapse_id;
    IF NOT FOUND THEN
        outcome := 'unknown';
        RETURN;
    END IF;
    IF outcome IS NULL THEN
        RAISE EXCEPTION 'approval % is past its deadline, and cannot expire now', decide_approval.id
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'Expiring is paused, which lapse status tells; or a rule or policy keeps the'
                         ' row as it is. Nothing has changed.';
    END IF;
    IF outcome IN ('already', 'lapsed') THEN
        INSERT INTO ${lapse}.late_decision (approval, actor, wanted, status, late)
        VALUES (left(decide_approval.id, 1024), left(decide_approval.actor, 200),
                left(decide_approval.status, 100), left(current_status, 100), late);
    END IF;
END
${body};
COMMENT ON FUNCTION ${lapse}.decide_approval(text, text, text) IS 'Lapse';
