-- As prisma migrate writes it for
--
--   enum ApprovalStatus { PENDING APPROVED REJECTED EXPIRED EXECUTED }
--   model AiApproval {
--     id String @id @default(cuid())
--     status ApprovalStatus @default(PENDING)
--     version Int @default(0)
--     tenantId String
--     expiresAt DateTime
--     executedAt DateTime?
--     createdAt DateTime @default(now())
--     updatedAt DateTime @updatedAt
--   }

-- settings
-- lapse.approvals.table=AiApproval
-- lapse.approvals.columns.expires-at=expiresAt
-- lapse.approvals.columns.executed-at=executedAt
-- lapse.approvals.zone=UTC
-- lapse.approvals.statuses.pending=PENDING
-- lapse.approvals.statuses.expired=EXPIRED
-- lapse.approvals.statuses.approved=APPROVED
-- lapse.approvals.statuses.rejected=REJECTED
-- lapse.approvals.statuses.ended=EXECUTED
-- lapse.approvals.attributes=tenantId

-- schema
CREATE TYPE "ApprovalStatus" AS ENUM ('PENDING', 'APPROVED', 'REJECTED', 'EXPIRED', 'EXECUTED');
CREATE TABLE "AiApproval" (
    "id" TEXT NOT NULL,
    "status" "ApprovalStatus" NOT NULL DEFAULT 'PENDING',
    "version" INTEGER NOT NULL DEFAULT 0,
    "tenantId" TEXT NOT NULL,
    "expiresAt" TIMESTAMP(3) NOT NULL,
    "executedAt" TIMESTAMP(3),
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "AiApproval_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "AiApproval_status_expiresAt_idx" ON "AiApproval"("status", "expiresAt");

-- insert
INSERT INTO "AiApproval" ("id", "tenantId", "expiresAt", "updatedAt")
SELECT 'c' || substr(md5(random()::text), 1, 24), 'acme',
       (now() AT TIME ZONE 'UTC') + interval ':interval', now() AT TIME ZONE 'UTC'
FROM generate_series(1, :count);

-- approve
UPDATE "AiApproval" SET "status" = 'APPROVED', "version" = "version" + 1
WHERE "id" = (SELECT "id" FROM "AiApproval" WHERE "status" = 'PENDING' ORDER BY "expiresAt" DESC LIMIT 1)
  AND "status" = 'PENDING' AND "expiresAt" > clock_timestamp() AT TIME ZONE 'UTC';

-- cron
UPDATE "AiApproval" SET "status" = 'EXPIRED' WHERE "status" = ':status';

-- expected
-- pending, expired: PENDING, EXPIRED
-- approved: APPROVED
-- attributes: {"tenantId":"acme"}
