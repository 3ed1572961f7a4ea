-- What went wrong last in each loop, of whichever instance: for lapse status, which is a process of its
-- own. A row a loop, written at the most every few seconds, and only after a failure.
CREATE TABLE last_error (
    loop      text        PRIMARY KEY CHECK (length(loop) <= 100),
    -- The host that it happened on, and the process there.
    instance  text        NOT NULL CHECK (length(instance) <= 300),
    reason    text        NOT NULL CHECK (length(reason) <= 1000),
    -- By the clock of that host: the database may have been away.
    failed_at timestamptz NOT NULL
);
