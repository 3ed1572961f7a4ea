-- As drizzle-kit writes it for a schema whose columns are named in camelCase. It brings an index of
-- its own for the same purpose, so that Lapse need not build another.

-- settings
-- lapse.approvals.columns.expires-at=expiresAt
-- lapse.approvals.columns.executed-at=executedAt
-- lapse.approvals.attributes=requestedBy,args

-- schema
CREATE TABLE "ai_approvals" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"requestedBy" varchar(256) NOT NULL,
	"args" jsonb DEFAULT '{"retries": 2}'::jsonb NOT NULL,
	"status" varchar(32) DEFAULT 'pending' NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"expiresAt" timestamp with time zone NOT NULL,
	"executedAt" timestamp with time zone,
	"createdAt" timestamp with time zone DEFAULT now() NOT NULL
);
CREATE INDEX "pending_by_deadline" ON "ai_approvals" USING btree ("expiresAt","id")
	WHERE "ai_approvals"."status" = 'pending';

-- insert
INSERT INTO "ai_approvals" ("requestedBy", "expiresAt")
SELECT 'agent', now() + interval ':interval' FROM generate_series(1, :count);

-- approve
UPDATE "ai_approvals" SET "status" = 'approved', "version" = "version" + 1
WHERE "id" = (SELECT "id" FROM "ai_approvals" WHERE "status" = 'pending' ORDER BY "expiresAt" DESC LIMIT 1)
  AND "status" = 'pending' AND "expiresAt" > clock_timestamp();

-- cron
UPDATE "ai_approvals" SET "status" = 'expired' WHERE "status" = ':status';

-- expected
-- pending, expired: pending, expired
-- approved: approved
-- attributes: {"requestedBy":"agent","args":{"retries":2}}
