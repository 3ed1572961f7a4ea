-- The dead letters: events that Kafka refuses. Each holds up what follows under its key, and nothing
-- else. The relay keeps them in its position, in Kafka; this is their copy for people, who ask for
-- another try by setting requeued_at (or with: lapse dead-letters requeue).
CREATE TABLE dead_letter (
    relay       text        NOT NULL,
    key         text        NOT NULL,
    -- The refused record of the outbox.
    id          bigint      NOT NULL,
    event_id    uuid        NOT NULL,
    type        text        NOT NULL,
    reason      text        NOT NULL,
    refused_at  timestamptz NOT NULL,
    requeued_at timestamptz,
    -- An index takes no key of more than 2,704 bytes, the outbox one of 1,024 characters. The cast
    -- takes the text's bytes as they are, since it reads a doubled backslash as one.
    key_sha256  bytea       NOT NULL
                GENERATED ALWAYS AS (sha256(replace(key, '\', '\\')::bytea)) STORED,
    PRIMARY KEY (relay, key_sha256)
);

-- They belong to the position, so a database that goes back to its checkpoint goes back to these.
ALTER TABLE relay_checkpoint ADD COLUMN dead_letters jsonb NOT NULL DEFAULT '[]';

-- An event at infinity has no time that RFC 3339 could tell.
ALTER TABLE outbox ADD CONSTRAINT outbox_occurred_at CHECK (isfinite(occurred_at));

COMMENT ON TABLE relay_checkpoint IS
    'Published are the rows of outbox with id <= published_id that are visible in snapshot; while '
    'catching up, also those with id <= catch_up_id that are visible in catch_up_snapshot; but of a '
    'key in dead_letters only what one of its extents ("published") covers. Who deletes from outbox '
    'by this row must spare all records of these keys.';
