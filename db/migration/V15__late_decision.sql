-- Who came too late: a row for each call of decide_approval that met an approval which had lapsed, or
-- was decided already. It is written in the transaction of that call. Retention deletes what is old.
CREATE TABLE late_decision (
    id       bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The approval's id as text, who asked, and for which status; cut where they are longer.
    approval text        NOT NULL CHECK (length(approval) <= 1024),
    actor    text        CHECK (length(actor) <= 200),
    wanted   text        NOT NULL CHECK (length(wanted) <= 100),
    -- What the approval is.
    status   text        CHECK (length(status) <= 100),
    -- How long after the deadline, a century at most; NULL where the call came before it.
    late     interval,
    at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Whether an instance has put it into its metric.
    counted  boolean     NOT NULL DEFAULT false
);

-- Serves the metric, and holds nothing but what is not in it yet.
CREATE INDEX late_decision_uncounted ON late_decision (id) WHERE NOT counted;
