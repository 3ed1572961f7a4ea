-- Who published what again, and how far that came. Written by lapse replay and its endpoint; kept
-- for as long as you like.
CREATE TABLE replay (
    -- The header lapse-replay of every event it published.
    id           uuid        PRIMARY KEY,
    -- The database's role, and whom the host or the endpoint knew.
    requested_by text        NOT NULL DEFAULT session_user,
    requested_as text        NOT NULL,
    selection    jsonb       NOT NULL,
    -- NULL: each event's own topic.
    to_topic     text,
    started_at   timestamptz NOT NULL DEFAULT now(),
    -- After each page, so of one that was killed the last page may be missing here.
    events       bigint      NOT NULL DEFAULT 0,
    bytes        bigint      NOT NULL DEFAULT 0,
    last_id      bigint,
    finished_at  timestamptz,
    outcome      text        CONSTRAINT replay_outcome CHECK (outcome IN ('done', 'stopped', 'failed')),
    failure      text,
    CONSTRAINT replay_finished CHECK ((finished_at IS NULL) = (outcome IS NULL))
);
