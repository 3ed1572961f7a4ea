-- lapse.events.decided: an approval that stops being pending, and did not expire, writes
-- ApprovalDecided in the transaction of whoever decides it.
--
-- SECURITY DEFINER, since a writer of approvals need not be allowed to write here; nothing that others
-- may create is on its search path.
CREATE OR REPLACE FUNCTION ${lapse}.lapse_record_decision() RETURNS trigger
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
    SELECT 'ApprovalDecided', id::text, to_json(event), decided_at
    FROM (
      SELECT approval.${id} AS id, approval.${status}::text AS status, ${due_at} AS expires_at,
             clock_timestamp() AS decided_at
             ${?decided_by} , ${decided_by_or_null} AS decided_by
             ${?version} , coalesce(approval.${version}, 0) AS version
             ${?attributes} , ${attributes} AS attributes
      FROM (SELECT NEW.*) approval
    ) decided
    CROSS JOIN LATERAL (
      SELECT id::text AS "approvalId",
             OLD.${status}::text AS "previousStatus",
             -- Rather cut than too large for the outbox, which would fail the writer.
             coalesce(left(status, 100), '') AS "status",
             ${?version} version AS "version",
             -- NULL where it has none, or an infinite one; within the years that consumers can read.
             CASE WHEN expires_at < 'infinity' THEN
               to_char(least(greatest(expires_at, '0001-01-01Z'), '9999-12-31 23:59:59.999999Z')
                       AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') END AS "expiresAt",
             to_char(decided_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
               AS "decidedAt"
             ${?decided_by} , left(decided_by, 200) AS "decidedBy"
             ${?attributes} , CASE WHEN octet_length(attributes::text)
             ${?attributes}               + 10 * octet_length(id::text) + 4096 <= 63 * 1024
             ${?attributes}          THEN attributes END AS "attributes"
    ) event
    -- What can be no key in Kafka cannot be published, and fails no writer.
    WHERE length(id::text) BETWEEN 1 AND 1024;
    RETURN NULL;
END
${body};
REVOKE ALL ON FUNCTION ${lapse}.lapse_record_decision() FROM PUBLIC;

-- One that becomes expired has its event from a sweep, or from the trigger lapse_expired.
CREATE OR REPLACE TRIGGER lapse_decided
    AFTER UPDATE ON ${approvals}
    FOR EACH ROW
    -- IS NOT TRUE: a status may become NULL.
    WHEN (${old_is_pending} AND (${new_is_pending}) IS NOT TRUE
          AND NEW.${status} IS DISTINCT FROM ${expired})
    EXECUTE FUNCTION ${lapse}.lapse_record_decision('${digest}');
