-- As drizzle-kit writes it for casing: 'snake_case', a pgEnum, and timestamps of the default mode,
-- which have no time zone. Without a version.

-- settings
-- lapse.approvals.columns.version=
-- lapse.approvals.zone=UTC
-- lapse.approvals.statuses.approved=approved
-- lapse.approvals.statuses.rejected=denied

-- schema
CREATE TYPE "public"."approval_status" AS ENUM('pending', 'approved', 'denied', 'expired');
CREATE TABLE "ai_approvals" (
	"id" serial PRIMARY KEY NOT NULL,
	"action" text NOT NULL,
	"status" "approval_status" DEFAULT 'pending' NOT NULL,
	"expires_at" timestamp NOT NULL,
	"executed_at" timestamp
);

-- insert
INSERT INTO "ai_approvals" ("action", "expires_at")
SELECT 'deploy', (now() AT TIME ZONE 'UTC') + interval ':interval' FROM generate_series(1, :count);

-- approve
UPDATE "ai_approvals" SET "status" = 'approved'
WHERE "id" = (SELECT "id" FROM "ai_approvals" WHERE "status" = 'pending' ORDER BY "expires_at" DESC LIMIT 1)
  AND "status" = 'pending' AND "expires_at" > clock_timestamp() AT TIME ZONE 'UTC';

-- cron
UPDATE "ai_approvals" SET "status" = 'expired' WHERE "status" = ':status';

-- expected
-- pending, expired: pending, expired
-- approved: approved
