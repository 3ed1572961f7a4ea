CREATE TABLE ai_approvals (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    status      text NOT NULL DEFAULT 'pending',
    version     integer NOT NULL DEFAULT 1,
    expires_at  timestamptz NOT NULL,
    executed_at timestamptz
);
