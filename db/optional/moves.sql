-- lapse.deadlines.moves: every move of a pending approval's deadline is written down and told, in the
-- transaction of the move, whoever made it.
--
-- AFTER, as the guard is: a BEFORE trigger of the application may still change the row. SECURITY
-- DEFINER, since a writer of approvals need not be allowed to write here; nothing that others may
-- create is on its search path.
CREATE OR REPLACE FUNCTION ${lapse}.lapse_record_move() RETURNS trigger
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    -- Values read the same whatever the session of the writer sets.
    SET TimeZone = 'UTC'
    ${?attributes} ${attribute_settings}
AS ${body}
DECLARE
    moved record;
    lapse_latest ${qualified_approvals}%ROWTYPE;
BEGIN
    -- A trigger of the application that came first has moved it again, and that move is told already.
    SELECT * INTO lapse_latest FROM ${qualified_approvals} approval WHERE approval.${id} = NEW.${id};
    IF FOUND AND lapse_latest.${expires_at} IS DISTINCT FROM NEW.${expires_at} THEN
        RETURN NULL;
    END IF;
    SELECT became.id, was.due_at AS from_deadline, became.due_at AS to_deadline, became.created
    INTO moved
    FROM (SELECT ${due_at} AS due_at FROM (SELECT OLD.*) approval) was,
         (SELECT approval.${id}::text AS id, ${due_at} AS due_at, ${created} AS created
          FROM (SELECT NEW.*) approval) became;
    ${?max_moves} IF (SELECT count(*) FROM ${lapse}.deadline_move move WHERE move.approval_id = moved.id)
    ${?max_moves}    >= ${max_moves} THEN
    ${?max_moves}     RAISE EXCEPTION 'the deadline of approval % has moved % times: it cannot move again', moved.id, ${max_moves}
    ${?max_moves}         USING ERRCODE = 'check_violation', CONSTRAINT = 'lapse_max_moves',
    ${?max_moves}               SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME,
    ${?max_moves}               HINT = 'lapse.deadlines.max-moves limits it. Let it expire, and ask again.';
    ${?max_moves} END IF;
    ${?max_lifetime} IF moved.to_deadline IS NULL OR moved.to_deadline > moved.created + ${max_lifetime} THEN
    ${?max_lifetime}     RAISE EXCEPTION 'the deadline of approval % cannot move past %', moved.id, moved.created + ${max_lifetime}
    ${?max_lifetime}         USING ERRCODE = 'check_violation', CONSTRAINT = 'lapse_max_lifetime',
    ${?max_lifetime}               SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME,
    ${?max_lifetime}               HINT = 'lapse.deadlines.max-lifetime limits it. Let it expire, and ask again.';
    ${?max_lifetime} END IF;
    INSERT INTO ${lapse}.deadline_move
        (approval_id, moved_as, from_deadline, to_deadline, reason, extension)
    VALUES (moved.id,
            left(nullif(current_setting('lapse.actor', true), ''), 200),
            moved.from_deadline, moved.to_deadline,
            left(nullif(current_setting('lapse.reason', true), ''), 1000),
            nullif(current_setting('lapse.extension', true), '')::uuid);
    INSERT INTO ${lapse}.outbox (type, key, payload)
    SELECT 'ApprovalRescheduled', moved.id, to_json(event)
    FROM (
      SELECT carried.id AS "approvalId",
             carried.status AS "status",
             ${?version} carried.version AS "version",
             -- No earlier than the year 1 and no later than 9999: consumers read nothing else.
             to_char(least(greatest(moved.from_deadline, '0001-01-01Z'), '9999-12-31 23:59:59.999999Z'),
                     'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS "previousExpiresAt",
             to_char(least(greatest(moved.to_deadline, '0001-01-01Z'), '9999-12-31 23:59:59.999999Z'),
                     'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS "expiresAt",
             to_char(clock_timestamp(), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS "movedAt",
             coalesce(left(nullif(current_setting('lapse.actor', true), ''), 200), session_user)
               AS "movedBy",
             left(nullif(current_setting('lapse.reason', true), ''), 1000) AS "reason"
             ${?attributes} , CASE WHEN octet_length(carried.attributes::text)
             ${?attributes}               + 10 * octet_length(carried.id) + 8192 <= 63 * 1024
             ${?attributes}          THEN carried.attributes END AS "attributes"
      FROM (SELECT approval.${id}::text AS id, approval.${status}::text AS status
                   ${?version} , approval.${version} AS version
                   ${?attributes} , ${attributes} AS attributes
            FROM (SELECT NEW.*) approval) carried
    ) event
    -- What can be no key in Kafka cannot be told of.
    WHERE length(moved.id) BETWEEN 1 AND 1024;
    RETURN NULL;
END
${body};
REVOKE ALL ON FUNCTION ${lapse}.lapse_record_move() FROM PUBLIC;

CREATE OR REPLACE TRIGGER lapse_moves
    AFTER UPDATE ON ${approvals}
    FOR EACH ROW
    WHEN (OLD.${expires_at} IS DISTINCT FROM NEW.${expires_at} AND ${old_is_pending} AND ${new_is_pending})
    EXECUTE FUNCTION ${lapse}.lapse_record_move('${digest}');
