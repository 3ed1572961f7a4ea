-- Deadlines that move and that announce themselves. The tables are always there; the triggers that
-- fill them are in db/optional, and on the approvals table only where a setting asks for them.

-- Who moved deadlines by lapse extend, and how far that came. Kept for as long as you like.
CREATE TABLE extension (
    id           uuid        PRIMARY KEY,
    -- The database's role, and whom the host knew.
    requested_by text        NOT NULL DEFAULT session_user,
    requested_as text        NOT NULL,
    reason       text        NOT NULL CHECK (length(reason) <= 1000),
    -- Which approvals, and where their deadlines go: all that resuming needs.
    selection    jsonb       NOT NULL,
    started_at   timestamptz NOT NULL DEFAULT now(),
    moved        bigint      NOT NULL DEFAULT 0,
    finished_at  timestamptz,
    outcome      text        CONSTRAINT extension_outcome CHECK (outcome IN ('done', 'stopped', 'failed')),
    CONSTRAINT extension_finished CHECK ((finished_at IS NULL) = (outcome IS NULL))
);

-- Each move of a deadline: those by lapse extend, and with lapse.deadlines.moves=true those by
-- anybody. Written in the transaction of the move; kept for as long as you like.
CREATE TABLE deadline_move (
    id            bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    approval_id   text        NOT NULL,
    moved_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- The database's role, and whom the session said it acts for (SET LOCAL lapse.actor).
    moved_by      text        NOT NULL DEFAULT session_user,
    moved_as      text,
    -- NULL: no deadline.
    from_deadline timestamptz,
    to_deadline   timestamptz,
    -- What the session said (SET LOCAL lapse.reason).
    reason        text,
    extension     uuid
);

-- Serves the history of one approval, and the count that lapse.deadlines.max-moves limits.
CREATE INDEX deadline_move_approval ON deadline_move (approval_id);

-- The step of lapse.ladder that each pending approval comes to next: one row an approval, written by
-- a trigger in the transaction that writes the approval, and stepped forward as it fires.
CREATE TABLE next_step (
    approval_id  text        PRIMARY KEY,
    -- By which ladder it was armed: rows of another one never fire, and are armed again.
    ladder       integer     NOT NULL,
    -- NULL, and infinity: all of them have passed.
    step         text,
    fire_at      timestamptz NOT NULL,
    for_deadline timestamptz NOT NULL,
    CONSTRAINT next_step_ended CHECK ((step IS NULL) = (fire_at = 'infinity'))
) WITH (fillfactor = 80);

-- Serves what is due, and when the next one is.
CREATE INDEX next_step_due ON next_step (ladder, fire_at, approval_id);
