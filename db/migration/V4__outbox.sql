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
    -- Further Kafka headers, strings by name; ce_*, content-type and lapse-replay are the relay's.
    headers     jsonb
                CONSTRAINT outbox_headers CHECK (
                    jsonb_typeof(headers) = 'object'
                    AND octet_length(headers::text) <= 16384
                    -- Strict, or an array is unwrapped, and one of strings passes. Qualified: the
                    -- path is of no type yet, so a function of that name that somebody made in this
                    -- schema could be the closer match, and would run with every row.
                    AND NOT pg_catalog.jsonb_path_exists(
                        headers, 'strict $.* ? (@.type() != "string")')
                    AND NOT pg_catalog.jsonb_path_exists(
                        headers,
                        'strict $.keyvalue() ? (@.key starts with "ce_"'
                            ' || @.key == "content-type" || @.key == "lapse-replay")')),
    occurred_at timestamptz NOT NULL DEFAULT now(),
    -- Bytes of key, payload and headers. A page of the relay ends by it, before a payload is read.
    size        integer     NOT NULL GENERATED ALWAYS AS (
                    octet_length(key) + octet_length(payload::text)
                    + coalesce(octet_length(headers::text), 0)) STORED
);

-- Serves the search for stragglers (dev.lapse.outbox.OutboxReader): it enters by transaction, and
-- carrying id it is answered from the index alone.
CREATE INDEX outbox_xact_id ON outbox (xact_id, id);

-- How far restamp_outbox has come, for people to see: one row while it is at work, else none. The
-- work itself is in the rows of the outbox, and who goes on with it begins at the first.
CREATE TABLE restamp (
    one         boolean     PRIMARY KEY DEFAULT true CHECK (one),
    -- Of the rows up to last_id, those up to restamped_id are done.
    restamped_id bigint     NOT NULL,
    last_id     bigint      NOT NULL,
    begun_at    timestamptz NOT NULL DEFAULT now(),
    written_at  timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);

-- After a dump was restored into another cluster, the stored transaction ids mean nothing there.
-- Gives the next rows in id order the id of a transaction that is visible to every snapshot ('2',
-- the frozen one). The one change ever made to the log; the relay makes it before it goes on in
-- another cluster, a batch at a time, each kept when it is done.
--
-- It runs as the owner, so nothing that others may create is on its search path: functions,
-- operators and types are those of pg_catalog, and tables are named with their schema. pg_temp
-- stands last, or it would come first.
DO $migration$ BEGIN
    EXECUTE pg_catalog.format($function$
        CREATE FUNCTION %1$I.restamp_outbox(
            -- Where the batch before ended, 0 to begin; and rows to look at, 100,000 at most.
            after_id bigint, batch integer,
            OUT restamped bigint, OUT last_id bigint, OUT more boolean)
            LANGUAGE sql
            SECURITY DEFINER
            SET search_path = pg_catalog, pg_temp
        AS $body$
            WITH looked AS MATERIALIZED (
                SELECT id, xact_id FROM %1$I.outbox
                WHERE id > after_id
                ORDER BY id
                LIMIT least(greatest(batch, 1), 100000)
            ),
            came AS MATERIALIZED (
                SELECT count(*) = least(greatest(batch, 1), 100000) AS more,
                       coalesce(max(id), after_id) AS last_id
                FROM looked
            ),
            restamped AS (
                UPDATE %1$I.outbox SET xact_id = '2'
                WHERE id = ANY (ARRAY(SELECT id FROM looked WHERE xact_id <> '2'))
                RETURNING 1
            ),
            done AS (
                DELETE FROM %1$I.restamp WHERE NOT (SELECT more FROM came)
            ),
            noted AS (
                INSERT INTO %1$I.restamp AS before (restamped_id, last_id)
                SELECT came.last_id,
                       (SELECT id FROM %1$I.outbox ORDER BY id DESC LIMIT 1)
                FROM came WHERE more
                ON CONFLICT (one) DO UPDATE SET
                    restamped_id = excluded.restamped_id,
                    last_id = excluded.last_id,
                    written_at = excluded.written_at
            )
            SELECT (SELECT count(*) FROM restamped), came.last_id, came.more FROM came;
        $body$
    $function$, pg_catalog.current_schema());
END $migration$;
REVOKE ALL ON FUNCTION restamp_outbox(bigint, integer) FROM PUBLIC;
