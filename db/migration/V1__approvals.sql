-- The approvals. An application that already has this table keeps its own: nothing here alters it.
-- Where the settings name another table (lapse.approvals.*), that one must be there, and this does
-- nothing.
DO $$ BEGIN
IF ${absent_is_created} THEN
  CREATE TABLE IF NOT EXISTS ai_approvals (
    id           uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
    status       text        NOT NULL DEFAULT 'pending'
                 CONSTRAINT ai_approvals_status CHECK (
                     status IN ('pending', 'approved', 'rejected', 'expired', 'executed', 'cancelled')),
    -- Raised by one with every change, so that a reader can tell which change an event speaks of.
    version      integer     NOT NULL DEFAULT 1 CONSTRAINT ai_approvals_version CHECK (version > 0),
    requested_by text        NOT NULL,
    action       text        NOT NULL,
    decided_by   text,
    created_at   timestamptz NOT NULL DEFAULT now(),
    -- From this instant on nobody may approve. NOT NULL, because an approval without a deadline is
    -- usually one that somebody forgot to stamp; a table of your own may allow NULL, which never lapses.
    expires_at   timestamptz NOT NULL CONSTRAINT ai_approvals_expires_at CHECK (isfinite(expires_at)),
    -- When the approval took its effect: for an expired one, when it lapsed.
    executed_at  timestamptz
  );
END IF;
END $$;
