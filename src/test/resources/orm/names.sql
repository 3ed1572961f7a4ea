-- As nobody should name anything; what is in a name is no part of a statement.

-- settings
-- lapse.approvals.table=we"ird; DROP TABLE x
-- lapse.approvals.columns.id=the ${id} :id ?
-- lapse.approvals.columns.status=SELECT
-- lapse.approvals.columns.version=ver'sion
-- lapse.approvals.columns.expires-at=expires--at
-- lapse.approvals.columns.executed-at=$$exe\cuted
-- lapse.approvals.statuses.pending=it's "pending" \
-- lapse.approvals.statuses.expired='; DROP TABLE x; --
-- lapse.approvals.statuses.approved=${pending}
-- lapse.approvals.statuses.rejected=$$
-- lapse.approvals.attributes=/* no

-- schema
CREATE TABLE x ();
CREATE TABLE "we""ird; DROP TABLE x" (
    "the ${id} :id ?" varchar(100) PRIMARY KEY DEFAULT gen_random_uuid(),
    "SELECT" text NOT NULL DEFAULT 'it''s "pending" \',
    "ver'sion" smallint,
    "expires--at" timestamptz NOT NULL,
    "$$exe\cuted" timestamptz,
    "/* no" text DEFAULT 'comment */'
);

-- insert
INSERT INTO "we""ird; DROP TABLE x" ("expires--at")
SELECT now() + interval ':interval' FROM generate_series(1, :count);

-- approve
UPDATE "we""ird; DROP TABLE x" SET "SELECT" = '${pending}'
WHERE "the ${id} :id ?" = (SELECT "the ${id} :id ?" FROM "we""ird; DROP TABLE x"
                           ORDER BY "expires--at" DESC LIMIT 1);

-- cron
UPDATE "we""ird; DROP TABLE x" SET "SELECT" = '''; DROP TABLE x; --' WHERE "SELECT" = ':status';

-- expected
-- pending, expired: it's "pending" \, '; DROP TABLE x; --
-- approved: ${pending}
-- attributes: {"/* no":"comment */"}
