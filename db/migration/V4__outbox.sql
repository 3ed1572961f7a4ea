-- The outbox: an append-only log. Writers insert in the transaction of the change they report;
-- nobody updates a row, and the relay writes nothing here.
CREATE TABLE outbox (
    -- The order. ALWAYS: an id that a writer chose could lie below what is already published.
    id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The writing transaction, top-level even inside a savepoint. With the position's snapshot it
    -- tells which rows became visible since (see relay_checkpoint).
    xact_id     xid8        NOT NULL DEFAULT pg_current_xact_id(),
    -- What consumers know the event by: the same however often it is published.
    event_id    uuid        NOT NULL DEFAULT gen_random_uuid(),
    type        text        NOT NULL
                -- The length apart: a bounded regular expression costs ten times as much.
                CONSTRAINT outbox_type CHECK (length(type) <= 255 AND type ~ '^[!-~]+$'),
    -- NULL: the topic that lapse.relay.topics names for this type.
    topic       text
                CONSTRAINT outbox_topic CHECK (
                    length(topic) <= 249 AND topic ~ '^[a-zA-Z0-9._-]+$' AND topic NOT IN ('.', '..')
                    -- Where relays keep their positions: nobody else may write there.
                    AND topic NOT LIKE '%.position'),
    -- The Kafka key: events of one key keep their order.
    key         text        NOT NULL
                CONSTRAINT outbox_key CHECK (length(key) BETWEEN 1 AND 1024),
    -- json, not jsonb: published byte for byte as it was written.
    payload     json        NOT NULL
                CONSTRAINT outbox_payload CHECK (
                    json_typeof(payload) = 'object' AND octet_length(payload::text) <= 900000),
    -- Further Kafka headers, strings by name; ce_* and content-type are the relay's.
    headers     jsonb
                CONSTRAINT outbox_headers CHECK (
                    jsonb_typeof(headers) = 'object'
                    AND octet_length(headers::text) <= 16384
                    AND NOT jsonb_path_exists(headers, '$.* ? (@.type() != "string")')
                    AND NOT jsonb_path_exists(headers, '$.keyvalue() ? (@.key starts with "ce_"'
                                                       ' || @.key == "content-type")')),
    occurred_at timestamptz NOT NULL DEFAULT now()
);

-- Serves the search for stragglers (dev.lapse.outbox.OutboxReader): it enters by transaction, and
-- carrying id it is answered from the index alone.
CREATE INDEX outbox_xact_id ON outbox (xact_id, id);

-- After a dump was restored into another cluster, the stored transaction ids mean nothing there.
-- Gives every row the id of a transaction that is visible to every snapshot ('2', the frozen one),
-- and returns the snapshot of doing so. The one change ever made to the log; the relay calls it
-- once, on the first start on another cluster.
CREATE FUNCTION restamp_outbox() RETURNS pg_snapshot
    LANGUAGE sql
    SECURITY DEFINER
AS $$
    WITH restamped AS (UPDATE outbox SET xact_id = '2' WHERE xact_id <> '2' RETURNING 1)
    SELECT pg_current_snapshot() FROM (SELECT count(*) FROM restamped) counted;
$$;
DO $$ BEGIN
    -- The search path of a SECURITY DEFINER function must not be its caller's.
    EXECUTE format('ALTER FUNCTION restamp_outbox() SET search_path = %I, pg_temp', current_schema());
END $$;
REVOKE ALL ON FUNCTION restamp_outbox() FROM PUBLIC;
