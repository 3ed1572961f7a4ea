-- lapse.events.requested: an approval that is inserted pending writes ApprovalRequested in the
-- transaction of whoever inserts it.
--
-- SECURITY DEFINER, since a writer of approvals need not be allowed to write here; nothing that others
-- may create is on its search path.
CREATE OR REPLACE FUNCTION ${lapse}.lapse_record_request() RETURNS trigger
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    -- As in the session of a sweep, so that attributes read the same.
    ${?attributes} SET TimeZone = 'UTC'
    ${?attributes} ${attribute_settings}
AS ${body}
#variable_conflict use_column
DECLARE
    lapse_latest ${qualified_approvals}%ROWTYPE;
BEGIN
    -- The row as it is now: a trigger of the application that came first may have changed it again.
    SELECT * INTO lapse_latest FROM ${qualified_approvals} approval WHERE approval.${id} = NEW.${id};
    IF NOT FOUND THEN
        lapse_latest := NEW; -- hidden from the owner, or gone
    END IF;
    INSERT INTO ${lapse}.outbox (type, key, payload, occurred_at)
    SELECT 'ApprovalRequested', id::text, to_json(event), requested_at
    FROM (
      SELECT approval.${id} AS id, approval.${status}::text AS status, ${due_at} AS expires_at,
             clock_timestamp() AS requested_at
             ${?version} , coalesce(approval.${version}, 0) AS version
             ${?attributes} , ${attributes} AS attributes
      FROM (SELECT lapse_latest.*) approval
    ) requested
    CROSS JOIN LATERAL (
      SELECT id::text AS "approvalId",
             status AS "status",
             ${?version} version AS "version",
             -- NULL where it has none, or an infinite one; within the years that consumers can read.
             CASE WHEN expires_at < 'infinity' THEN
               to_char(least(greatest(expires_at, '0001-01-01Z'), '9999-12-31 23:59:59.999999Z')
                       AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') END AS "expiresAt",
             to_char(requested_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
               AS "requestedAt"
             -- Rather without them than too large for the outbox, which would fail the writer.
             ${?attributes} , CASE WHEN octet_length(attributes::text)
             ${?attributes}               + 10 * octet_length(id::text) + 4096 <= 63 * 1024
             ${?attributes}          THEN attributes END AS "attributes"
    ) event
    -- What can be no key in Kafka cannot be published, and fails no writer.
    WHERE length(id::text) BETWEEN 1 AND 1024;
    RETURN NULL;
END
${body};
REVOKE ALL ON FUNCTION ${lapse}.lapse_record_request() FROM PUBLIC;

CREATE OR REPLACE TRIGGER lapse_requested
    AFTER INSERT ON ${approvals}
    FOR EACH ROW
    WHEN (${new_is_pending})
    EXECUTE FUNCTION ${lapse}.lapse_record_request('${digest}');
