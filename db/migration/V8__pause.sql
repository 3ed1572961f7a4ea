-- What is paused, by a person (lapse pause, lapse resume) or by the storm guard. Every instance looks
-- here: expiring before each sweep, the ladder before its steps, the relay once a second.
CREATE TABLE pause (
    part       text        PRIMARY KEY CHECK (part IN ('expiration', 'ladder', 'relay')),
    reason     text        NOT NULL CHECK (length(reason) <= 1000),
    since      timestamptz NOT NULL DEFAULT now(),
    paused_by  text        NOT NULL DEFAULT session_user,
    -- Set by whoever lets it go on. While the storm that paused it lasts this is the confirmation
    -- that it may: the guard deletes the row when it is over, and watches again.
    resumed_at timestamptz
);
